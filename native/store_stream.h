#pragma once

#include <napi.h>

#include "store.h"

namespace composefs {

/// NativeStream of src/addon.ts.
Napi::Value NewStream(Napi::Env env, const SharedStore& store);

}  // namespace composefs

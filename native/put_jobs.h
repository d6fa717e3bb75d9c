#pragma once

#include <napi.h>

#include "store.h"

namespace composefs {

/// `put` and `putFiles` of NativeStore in src/addon.ts.
Napi::Value PutItems(Napi::Env env, const SharedStore& store, const Napi::Array& items);
Napi::Value PutFiles(Napi::Env env, const SharedStore& store, const Napi::Uint8Array& paths,
                     const Napi::BigInt64Array& identities);

}  // namespace composefs

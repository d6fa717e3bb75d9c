#pragma once

#include <napi.h>

namespace composefs {

/// (options) → { promise of a NativeStore, cancel }; see Native in src/native.ts.
Napi::Value OpenStore(const Napi::CallbackInfo& info);

}  // namespace composefs

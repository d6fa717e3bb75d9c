#pragma once

#include <napi.h>

namespace composefs {

/// (source) → { promise, cancel }; see Native in src/native.ts.
Napi::Value ComputeDigest(const Napi::CallbackInfo& info);

}  // namespace composefs

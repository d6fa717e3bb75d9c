#pragma once

#include <napi.h>

namespace composefs {

/// (source, algorithm) → { promise, cancel }; see Native in src/native.ts.
Napi::Value ComputeDigest(const Napi::CallbackInfo& info);

}  // namespace composefs

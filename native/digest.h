#pragma once

#include <napi.h>

namespace composefs {

/// (source, algorithm) → { promise, cancel }; see Native in src/addon.ts.
Napi::Value ComputeDigest(const Napi::CallbackInfo& info);

}  // namespace composefs

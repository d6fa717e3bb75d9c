// The native half of src/toc/layer-encoder.ts and src/zstd-encode.ts.
#pragma once

#include <napi.h>

namespace composefs {

/// openLayerEncoder(), openZstdEncoder(): see src/addon.ts
Napi::Value OpenLayerEncoder(const Napi::CallbackInfo& info);
Napi::Value OpenZstdEncoder(const Napi::CallbackInfo& info);

}  // namespace composefs

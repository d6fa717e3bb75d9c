// The native half of src/zstd.ts.
#pragma once

#include <napi.h>

namespace composefs {

/// openZstdDecoder(): see src/addon.ts
Napi::Value OpenZstdDecoder(const Napi::CallbackInfo& info);

}  // namespace composefs

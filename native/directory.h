#pragma once

#include <napi.h>

namespace composefs {

/// (directories, options) → { promise, cancel }; see Native in src/native.ts.
Napi::Value ScanDirectories(const Napi::CallbackInfo& info);

}  // namespace composefs

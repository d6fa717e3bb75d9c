#pragma once

#include <napi.h>

namespace composefs {

/// (directories, options) → { promise, cancel }; see Native in src/addon.ts.
Napi::Value ScanDirectories(const Napi::CallbackInfo& info);

}  // namespace composefs

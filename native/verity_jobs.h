#pragma once

#include <napi.h>

namespace composefs {

/// (file) → { promise, cancel }; see Native in src/addon.ts.
Napi::Value MeasureVerityJob(const Napi::CallbackInfo& info);
Napi::Value EnableVerityJob(const Napi::CallbackInfo& info);

}  // namespace composefs

#pragma once

#include <napi.h>

namespace composefs {

/// (options) → { add, finish, cancel }; see Native in src/addon.ts.
Napi::Value OpenWriter(const Napi::CallbackInfo& info);

}  // namespace composefs

#pragma once

#include <napi.h>

namespace composefs {

/// (options) → what was enforced; see Native in src/addon.ts.
Napi::Value LockDownProcess(const Napi::CallbackInfo& info);

/// () → a descriptor, the caller's.
Napi::Value OpenMemoryFileFor(const Napi::CallbackInfo& info);

}  // namespace composefs

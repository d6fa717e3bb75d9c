#pragma once

#include <napi.h>

namespace composefs {

/// (options) → what was enforced; see Native in src/native.ts. Throws `{ errno, syscall }`.
Napi::Value LockDownProcess(const Napi::CallbackInfo& info);

/// () → a descriptor, the caller's. Throws `{ errno, syscall }`.
Napi::Value OpenMemoryFileFor(const Napi::CallbackInfo& info);

}  // namespace composefs

#pragma once

#include <napi.h>

namespace composefs {

/// (options) → what was enforced; see Native in src/addon.ts.
Napi::Value LockDownProcess(const Napi::CallbackInfo& info);

/// openMemoryFile, closeMemoryFile.
void ExportMemoryFiles(Napi::Env env, Napi::Object exports);

}  // namespace composefs

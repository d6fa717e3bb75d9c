#pragma once

#include <napi.h>

namespace composefs {

/// (paths, algorithm, identities?) → { promise, cancel }; see Native in src/addon.ts.
Napi::Value DigestFiles(const Napi::CallbackInfo& info);

}  // namespace composefs

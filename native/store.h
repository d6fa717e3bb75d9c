#pragma once

#include <napi.h>

#include <memory>

#include "object_store.h"

namespace composefs {

/// (options) → { promise of a NativeStore, cancel }; see Native in src/addon.ts.
Napi::Value OpenStore(const Napi::CallbackInfo& info);

using SharedStore = std::shared_ptr<ObjectStore>;

/// NativeStored of src/addon.ts.
Napi::Object ToObject(Napi::Env env, const StoredObject& stored);

/// What a call fails with that comes after `close`.
inline SystemFailure StoreIsClosed() {
  return {EBADF, "close"};
}

}  // namespace composefs

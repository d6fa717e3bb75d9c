// The native half of src/mount/: mounting and unmounting, off the main thread.
#pragma once

#include <napi.h>

namespace composefs {

Napi::Value Mount(const Napi::CallbackInfo& info);
Napi::Value Unmount(const Napi::CallbackInfo& info);

}  // namespace composefs

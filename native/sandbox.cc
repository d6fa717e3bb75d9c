// The native half of src/sandbox/.
#include "sandbox.h"

#include "errors.h"
#include "lockdown.h"

namespace composefs {
namespace {

/// Thrown as a job is rejected: src/native.ts makes an error of it.
template <typename Action>
Napi::Value Guarded(Napi::Env env, const Action& action) {
  try {
    return action();
  } catch (const SystemFailure& failure) {
    Napi::Object thrown = Napi::Object::New(env);
    thrown.Set("errno", failure.error);
    thrown.Set("syscall", failure.call);
    napi_throw(env, thrown);
    return env.Undefined();
  }
}

}  // namespace

Napi::Value LockDownProcess(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto options = info[0].As<Napi::Object>();
  const auto number = [&](const char* name) { return options.Get(name).As<Napi::Number>().Int64Value(); };
  const auto flag = [&](const char* name) { return options.Get(name).As<Napi::Boolean>().Value(); };
  return Guarded(env, [&]() -> Napi::Value {
    const Lockdown lockdown = LockDown({.kept_descriptors = static_cast<int>(number("keptDescriptors")),
                                        .memory = static_cast<uint64_t>(number("memory")),
                                        .file_size = static_cast<uint64_t>(number("fileSize")),
                                        .may_make_code = flag("mayMakeCode"),
                                        .use_landlock = flag("useLandlock"),
                                        .use_seccomp = flag("useSeccomp")});
    Napi::Object result = Napi::Object::New(env);
    result.Set("noNewPrivs", lockdown.no_new_privs);
    result.Set("landlock", lockdown.landlock);
    result.Set("seccomp", lockdown.seccomp);
    result.Set("seccompError", lockdown.seccomp_error);
    return result;
  });
}

Napi::Value OpenMemoryFileFor(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  return Guarded(env, [&]() -> Napi::Value { return Napi::Number::New(env, OpenMemoryFile()); });
}

}  // namespace composefs

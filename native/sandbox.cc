// The native half of src/sandbox/.
#include "sandbox.h"

#include "lockdown.h"

namespace composefs {

namespace {

/// With the first work for libuv's pool come all of its threads.
class NoWork final : public Napi::AsyncWorker {
 public:
  explicit NoWork(Napi::Env env) : AsyncWorker(env) {}
  void Execute() override {}
};

}  // namespace

Napi::Value LockDownProcess(const Napi::CallbackInfo& info) {
  const auto options = info[0].As<Napi::Object>();
  const auto number = [&](const char* name) { return options.Get(name).As<Napi::Number>().Int64Value(); };
  const auto flag = [&](const char* name) { return options.Get(name).As<Napi::Boolean>().Value(); };
  const auto start_threads = [&] { (new NoWork(info.Env()))->Queue(); };
  const Lockdown lockdown = LockDown({.kept_descriptors = static_cast<int>(number("keptDescriptors")),
                                      .memory = static_cast<uint64_t>(number("memory")),
                                      .file_size = static_cast<uint64_t>(number("fileSize")),
                                      .may_make_code = flag("mayMakeCode"),
                                      .use_landlock = flag("useLandlock"),
                                      .use_seccomp = flag("useSeccomp")},
                                     start_threads);
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("noNewPrivs", lockdown.no_new_privs);
  result.Set("landlock", lockdown.landlock);
  result.Set("seccomp", lockdown.seccomp);
  result.Set("seccompError", lockdown.seccomp_error);
  return result;
}

Napi::Value OpenMemoryFileFor(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), OpenMemoryFile());
}

}  // namespace composefs

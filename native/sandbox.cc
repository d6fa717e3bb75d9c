// The native half of src/sandbox/.
#include "sandbox.h"

#include <unistd.h>

#include <memory>
#include <set>

#include "function.h"
#include "lockdown.h"

namespace composefs {

namespace {

/// With the first work for libuv's pool come all of its threads.
class NoWork final : public Napi::AsyncWorker {
 public:
  explicit NoWork(Napi::Env env) : AsyncWorker(env) {}
  void Execute() override {}
};

/// Files in memory of one environment: a thread of JavaScript that ends leaves none open. Node itself closes
/// what node:fs has opened, and warns of all else that is closed there.
class MemoryFiles {
 public:
  MemoryFiles() = default;
  ~MemoryFiles() {
    for (const int file : open_) close(file);
  }
  MemoryFiles(const MemoryFiles&) = delete;
  MemoryFiles& operator=(const MemoryFiles&) = delete;

  int Open() {
    const int file = OpenMemoryFile();
    try {
      open_.insert(file);
    } catch (...) {
      close(file);
      throw;
    }
    return file;
  }

  void Close(int file) {
    if (open_.erase(file) > 0) close(file);
  }

 private:
  std::set<int> open_;
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

void ExportMemoryFiles(Napi::Env env, Napi::Object exports) {
  // The two functions own it, until their environment ends.
  const auto files = std::make_shared<MemoryFiles>();
  const auto open = [files](const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), files->Open());
  };
  const auto close = [files](const Napi::CallbackInfo& info) {
    files->Close(info[0].As<Napi::Number>().Int32Value());
  };
  exports.Set("openMemoryFile", MakeFunction(env, open, "openMemoryFile"));
  exports.Set("closeMemoryFile", MakeFunction(env, close, "closeMemoryFile"));
}

}  // namespace composefs

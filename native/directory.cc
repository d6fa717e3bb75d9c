// The native half of src/directory/: directories are read, several in one job, since a job of its own for
// each of many small ones would cost this process's main thread more than reading them costs the others.
#include "directory.h"

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "arguments.h"
#include "job.h"
#include "scan.h"

namespace composefs {
namespace {

class ScanJob final : public Job {
 public:
  ScanJob(Napi::Env env, const Napi::Array& directories, const Napi::Object& options) : Job(env) {
    options_.xattrs = options.Get("xattrs").ToBoolean();
    options_.user_xattrs_only = options.Get("userXattrsOnly").ToBoolean();
    options_.inline_limit = options.Get("inlineLimit").As<Napi::Number>().Uint32Value();
    options_.entry_limit = options.Get("entryLimit").As<Napi::Number>().Uint32Value();
    scans_.resize(directories.Length());
    for (uint32_t i = 0; i < directories.Length(); i++) {
      const auto directory = directories.Get(i).As<Napi::Object>();
      scans_[i].path = PathFrom(directory.Get("path"));
      const Napi::Value expected = directory.Get("expected");
      if (!expected.IsTypedArray()) continue;
      const auto numbers = expected.As<Napi::BigInt64Array>();
      scans_[i].expected = {static_cast<uint64_t>(numbers[0]), static_cast<uint64_t>(numbers[1])};
    }
  }

 private:
  struct Scan {
    std::string path;
    std::optional<InodeNumber> expected;
    std::vector<uint8_t> records;
    std::optional<Failure> failure;
  };

  Turn Run() override {
    for (Scan& scan : scans_) {
      cancel().Checkpoint();
      scan.failure =
          Attempt([&] { scan.records = ScanDirectory(scan.path, scan.expected, options_, cancel()); });
      if (scan.failure && std::holds_alternative<Cancelled>(*scan.failure)) throw Cancelled{};
    }
    return Turn::kDone;
  }

  /// Copies: memory of the addon's own makes V8 collect garbage as if it were short of memory.
  Napi::Value Result(Napi::Env env) override {
    Napi::Array results = Napi::Array::New(env, scans_.size());
    for (uint32_t i = 0; i < scans_.size(); i++) {
      const auto& [path, expected, records, failure] = scans_[i];
      if (failure) {
        results.Set(i, DescribeFailure(env, *failure));
        continue;
      }
      auto buffer = Napi::ArrayBuffer::New(env, records.size());
      std::memcpy(buffer.Data(), records.data(), records.size());
      results.Set(i, buffer);
    }
    scans_.clear();  // the job itself stays until its `cancel` is collected
    return results;
  }

  ScanOptions options_;
  std::vector<Scan> scans_;
};

}  // namespace

Napi::Value ScanDirectories(const Napi::CallbackInfo& info) {
  const auto job =
      std::make_shared<ScanJob>(info.Env(), info[0].As<Napi::Array>(), info[1].As<Napi::Object>());
  return StartJob(info.Env(), job);
}

}  // namespace composefs

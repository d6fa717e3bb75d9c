// The native half of src/directory/digests.ts: the fs-verity digests of several files, in one job. A job for
// each of many small files would cost this process's main thread more than their hashes cost the other
// threads.
#include "digest_files.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "job.h"
#include "source_file.h"
#include "verity.h"

namespace composefs {
namespace {

class DigestFilesJob final : public Job {
 public:
  /// The paths have a NUL behind each; a file for which there is no identity is not there.
  DigestFilesJob(Napi::Env env, const Napi::Uint8Array& paths, const Napi::BigInt64Array& identities)
      : Job(env) {
    const std::string text(reinterpret_cast<const char*>(paths.Data()), paths.ByteLength());
    const size_t count = identities.ElementLength() / kIdentityFields;
    files_.reserve(count);
    for (size_t i = 0, at = 0; i < count && at < text.size(); i++) {
      FileName& file = files_.emplace_back();
      file.path = text.c_str() + at;
      at += file.path->size() + 1;
      const int64_t* fields = identities.Data() + i * kIdentityFields;
      file.identity = {fields[0], fields[1], fields[2], fields[3], fields[4]};
    }
  }

 private:
  static constexpr size_t kIdentityFields = 5;

  Turn Run() override {
    digests_.resize(files_.size());
    for (size_t i = 0; i < files_.size(); i++) {
      cancel().Checkpoint();
      auto failure = Attempt([&] { digests_[i] = Hash(files_[i]); });
      if (!failure) continue;
      if (std::holds_alternative<Cancelled>(*failure)) throw Cancelled{};
      failures_.emplace_back(i, std::move(*failure));
    }
    return Turn::kDone;
  }

  Digest Hash(const FileName& name) {
    const SourceFile file(name);
    VerityHasher hasher;
    HashingSink sink(hasher);
    file.CheckUnchanged(ReadContent(file, sink, cancel()));
    return hasher.Finish();
  }

  Napi::Value Result(Napi::Env env) override {
    Napi::Array failures = Napi::Array::New(env);
    for (const auto& [index, failure] : failures_) failures.Set(index, DescribeFailure(env, failure));
    Napi::Object result = Napi::Object::New(env);
    const auto* bytes = reinterpret_cast<const uint8_t*>(digests_.data());
    result.Set("digests", Napi::Buffer<uint8_t>::Copy(env, bytes, digests_.size() * sizeof(Digest)));
    result.Set("failures", failures);
    files_.clear();  // the job itself stays until its `cancel` is collected
    return result;
  }

  std::vector<FileName> files_;
  std::vector<Digest> digests_;
  std::vector<std::pair<uint32_t, Failure>> failures_;
};

}  // namespace

Napi::Value DigestFiles(const Napi::CallbackInfo& info) {
  const auto job = std::make_shared<DigestFilesJob>(info.Env(), info[0].As<Napi::Uint8Array>(),
                                                    info[1].As<Napi::BigInt64Array>());
  return StartJob(info.Env(), job);
}

}  // namespace composefs

// The native half of src/directory/digests.ts: the fs-verity digests of several files, in one job. A job for
// each of many small files would cost this process's main thread more than their hashes cost the other
// threads.
#include "digest_files.h"

#include <utility>
#include <vector>

#include "job.h"
#include "packed_files.h"
#include "verity.h"

namespace composefs {
namespace {

class DigestFilesJob final : public Job {
 public:
  DigestFilesJob(Napi::Env env, std::vector<FileName> files) : Job(env), files_(std::move(files)) {}

 private:
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
  std::vector<FileName> files = FilesFrom(info[0].As<Napi::Uint8Array>(), info[1].As<Napi::BigInt64Array>());
  return StartJob(info.Env(), std::make_shared<DigestFilesJob>(info.Env(), std::move(files)));
}

}  // namespace composefs

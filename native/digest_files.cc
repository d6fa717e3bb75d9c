// The native half of src/digests.ts: the fs-verity digests of several files, in one job. A job for
// each of many small files would cost this process's main thread more than their hashes cost the other
// threads.
#include "digest_files.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "hash_file.h"
#include "job.h"
#include "packed_files.h"
#include "verity.h"

namespace composefs {
namespace {

class DigestFilesJob final : public Job {
 public:
  DigestFilesJob(Napi::Env env, std::vector<FileName> files, HashAlgorithm algorithm)
      : Job(env), files_(std::move(files)), algorithm_(algorithm) {}

 private:
  Turn Run() override {
    const size_t size = HashSize(algorithm_);
    digests_.resize(files_.size() * size);
    for (size_t i = 0; i < files_.size(); i++) {
      cancel().Checkpoint();
      auto failure = Attempt([&] { std::ranges::copy(Hash(files_[i]), digests_.data() + i * size); });
      if (!failure) continue;
      if (std::holds_alternative<Cancelled>(*failure)) throw Cancelled{};
      failures_.emplace_back(i, std::move(*failure));
    }
    return Turn::kDone;
  }

  std::vector<uint8_t> Hash(const FileName& name) {
    const SourceFile file(name, cancel());
    VerityHasher hasher(algorithm_);
    const uint64_t size = HashFile(file, hasher, cancel());
    if (name.identity) file.CheckUnchanged(size);
    return hasher.FinishBytes();
  }

  Napi::Value Result(Napi::Env env) override {
    Napi::Array failures = Napi::Array::New(env);
    for (const auto& [index, failure] : failures_) failures.Set(index, DescribeFailure(env, failure));
    Napi::Object result = Napi::Object::New(env);
    result.Set("digests", Napi::Buffer<uint8_t>::Copy(env, digests_.data(), digests_.size()));
    result.Set("failures", failures);
    files_.clear();  // the job itself stays until its `cancel` is collected
    return result;
  }

  std::vector<FileName> files_;
  HashAlgorithm algorithm_;
  std::vector<uint8_t> digests_;
  std::vector<std::pair<uint32_t, Failure>> failures_;
};

}  // namespace

Napi::Value DigestFiles(const Napi::CallbackInfo& info) {
  const auto algorithm = static_cast<HashAlgorithm>(info[1].As<Napi::Number>().Uint32Value());
  std::vector<FileName> files = FilesFrom(info[0].As<Napi::Uint8Array>(), info[2]);
  return StartJob(info.Env(), std::make_shared<DigestFilesJob>(info.Env(), std::move(files), algorithm));
}

}  // namespace composefs

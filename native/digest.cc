// The native half of src/digest.ts: the fs-verity digest of bytes or of a file, in one job.
#include "digest.h"

#include "arguments.h"
#include "hash_file.h"
#include "job.h"
#include "source_file.h"
#include "verity.h"

namespace composefs {
namespace {

constexpr size_t kPieceSize = 1 << 20;  // of bytes in memory: how often a job looks if it is to stop

class DigestJob final : public Job {
 public:
  DigestJob(Napi::Env env, Napi::Object source, HashAlgorithm algorithm) : Job(env), algorithm_(algorithm) {
    if (!source.Has("bytes")) {
      file_ = FileNameFrom(source);
      return;
    }
    in_memory_ = true;
    const auto bytes = source.Get("bytes").As<Napi::Uint8Array>();
    buffer_ = Napi::Persistent(bytes);
    bytes_ = {bytes.Data(), bytes.ByteLength()};
  }

 private:
  Turn Run() override {
    VerityHasher hasher(algorithm_);
    if (in_memory_)
      TakeBytes(hasher);
    else
      TakeFile(hasher);
    digest_ = hasher.FinishBytes();
    return Turn::kDone;
  }

  void TakeBytes(VerityHasher& hasher) {
    for (size_t at = 0; at < bytes_.size(); at += kPieceSize) {
      cancel().Checkpoint();
      hasher.Update(bytes_.subspan(at, std::min(kPieceSize, bytes_.size() - at)));
    }
  }

  void TakeFile(VerityHasher& hasher) {
    const FileName name = std::move(file_);  // closed when this is done, however it ends
    const SourceFile file(name, cancel());
    const uint64_t size = HashFile(file, hasher, cancel());
    if (name.identity) file.CheckUnchanged(size);
  }

  Napi::Value Result(Napi::Env env) override {
    return Napi::Buffer<uint8_t>::Copy(env, digest_.data(), digest_.size());
  }

  void Release() override { buffer_.Reset(); }

  HashAlgorithm algorithm_;
  bool in_memory_ = false;
  Napi::Reference<Napi::Uint8Array> buffer_;  // keeps bytes_ alive
  std::span<const uint8_t> bytes_;
  FileName file_;
  std::vector<uint8_t> digest_;
};

}  // namespace

Napi::Value ComputeDigest(const Napi::CallbackInfo& info) {
  const auto algorithm = static_cast<HashAlgorithm>(info[1].As<Napi::Number>().Uint32Value());
  return StartJob(info.Env(), std::make_shared<DigestJob>(info.Env(), info[0].As<Napi::Object>(), algorithm));
}

}  // namespace composefs

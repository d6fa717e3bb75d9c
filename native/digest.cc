// The native half of src/digest.ts: the fs-verity digest of bytes or of a file, in one job.
#include "digest.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>

#include "arguments.h"
#include "job.h"
#include "verity.h"

namespace composefs {
namespace {

constexpr size_t kReadSize = 1 << 20;

class DigestJob final : public Job {
 public:
  DigestJob(Napi::Env env, const Napi::Value& source) : Job(env) {
    if (source.IsNumber()) {
      file_ = DuplicateDescriptor(source.As<Napi::Number>().Int32Value(), file_error_);
      return;
    }
    const auto object = source.As<Napi::Object>();
    if (object.Has("path")) {
      path_ = PathFrom(object.Get("path"));
      return;
    }
    const auto bytes = object.Get("bytes").As<Napi::Uint8Array>();
    buffer_ = Napi::Persistent(bytes);
    bytes_ = {bytes.Data(), bytes.ByteLength()};
  }

 private:
  Turn Run() override {
    VerityHasher hasher;
    if (!buffer_.IsEmpty())
      HashBytes(hasher);
    else
      HashFile(hasher);
    digest_ = hasher.Finish();
    return Turn::kDone;
  }

  void HashBytes(VerityHasher& hasher) {
    for (size_t at = 0; at < bytes_.size(); at += kReadSize) {
      cancel().Checkpoint();
      hasher.Update(bytes_.subspan(at, std::min(kReadSize, bytes_.size() - at)));
    }
  }

  void HashFile(VerityHasher& hasher) {
    if (path_) {
      file_ = Descriptor(open(path_->c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
      if (!file_.IsOpen()) ThrowErrno("open");
    }
    if (file_error_ != 0) throw SystemFailure{file_error_, "dup"};
    struct stat status {};
    if (fstat(file_.Get(), &status) != 0) ThrowErrno("fstat");
    if (S_ISDIR(status.st_mode)) throw SystemFailure{EISDIR, "read"};
    if (!S_ISREG(status.st_mode)) throw SystemFailure{EINVAL, "read"};  // fs-verity is for regular files
    std::vector<uint8_t> buffer(kReadSize);
    for (off_t at = 0;;) {
      cancel().Checkpoint();
      const ssize_t n = pread(file_.Get(), buffer.data(), buffer.size(), at);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) ThrowErrno("read");
      if (n == 0) return;
      hasher.Update({buffer.data(), static_cast<size_t>(n)});
      at += n;
    }
  }

  Napi::Value Result(Napi::Env env) override {
    return Napi::Buffer<uint8_t>::Copy(env, digest_.data(), digest_.size());
  }

  Napi::Reference<Napi::Uint8Array> buffer_;  // keeps bytes_ alive
  std::span<const uint8_t> bytes_;
  std::optional<std::string> path_;
  Descriptor file_;
  int file_error_ = 0;
  Digest digest_{};
};

}  // namespace

Napi::Value ComputeDigest(const Napi::CallbackInfo& info) {
  const auto job = std::make_shared<DigestJob>(info.Env(), info[0]);
  job->Schedule();
  const auto cancel = [job](const Napi::CallbackInfo&) { job->Cancel(); };
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("promise", job->Promise());
  result.Set("cancel", Napi::Function::New(info.Env(), cancel, "cancel"));
  return result;
}

}  // namespace composefs

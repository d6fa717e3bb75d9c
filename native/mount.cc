#include "mount.h"

#include <algorithm>
#include <optional>

#include "arguments.h"
#include "fs_context.h"
#include "image_mount.h"
#include "job.h"

namespace composefs {
namespace {

std::string OptionalPath(const Napi::Object& options, const char* key) {
  const Napi::Value value = options.Get(key);
  return value.IsUndefined() ? std::string() : PathFrom(value);
}

/// Resolves also where the mount fails, with what it failed at: more than the error of one system call.
class MountJob final : public Job {
 public:
  MountJob(Napi::Env env, const Napi::Object& options) : Job(env) {
    image_ = DuplicateDescriptor(options.Get("image").As<Napi::Number>().Int32Value(), file_error_);
    const Napi::Value idmap = options.Get("idmap");
    if (idmap.IsNumber())
      user_namespace_ = DuplicateDescriptor(idmap.As<Napi::Number>().Int32Value(), file_error_);
    request_.image = image_.Get();
    request_.user_namespace = user_namespace_.Get();
    request_.target = PathFrom(options.Get("target"));
    const auto objects = options.Get("objects").As<Napi::Array>();
    for (uint32_t i = 0; i < objects.Length(); ++i) request_.objects.push_back(PathFrom(objects.Get(i)));
    request_.upper = OptionalPath(options, "upperdir");
    request_.work = OptionalPath(options, "workdir");
    request_.image_mount = OptionalPath(options, "imageMount");
    request_.temporary_folder = PathFrom(options.Get("temporaryFolder"));
    request_.require_verity = options.Get("requireVerity").ToBoolean();
    request_.try_verity = options.Get("tryVerity").ToBoolean();
    request_.read_only = options.Get("readOnly").ToBoolean();
    request_.has_acl = options.Get("hasAcl").ToBoolean();
    if (options.Get("digest").IsTypedArray()) SetDigest(options.Get("digest").As<Napi::Uint8Array>());
  }

 private:
  void SetDigest(const Napi::Uint8Array& bytes) {
    Digest& digest = request_.digest.emplace();
    std::copy_n(bytes.Data(), std::min(bytes.ByteLength(), digest.size()), digest.begin());
  }

  Turn Run() override {
    // Closed at the end of this, and not when the job is collected: until then nobody could unmount what the
    // image is on.
    const Descriptor image = std::move(image_);
    const Descriptor user_namespace = std::move(user_namespace_);
    if (file_error_ != 0) throw SystemFailure{file_error_, "dup"};
    try {
      MountImage(request_, cancel());
    } catch (const MountFailure& failure) {
      failure_ = failure;
    }
    return Turn::kDone;
  }

  Napi::Value Result(Napi::Env env) override {
    if (!failure_) return env.Undefined();
    Napi::Object object = Napi::Object::New(env);
    object.Set("step", failure_->step);
    object.Set("errno", failure_->error);
    object.Set("log", failure_->log);
    if (failure_->actual)
      object.Set("actual",
                 Napi::Buffer<uint8_t>::Copy(env, failure_->actual->data(), failure_->actual->size()));
    return object;
  }

  MountRequest request_;
  Descriptor image_;
  Descriptor user_namespace_;
  int file_error_ = 0;
  std::optional<MountFailure> failure_;
};

class UnmountJob final : public Job {
 public:
  UnmountJob(Napi::Env env, std::string path, bool detach)
      : Job(env), path_(std::move(path)), detach_(detach) {}

 private:
  Turn Run() override {
    if (UnmountAt(path_, detach_) != 0) ThrowErrno("umount");
    return Turn::kDone;
  }

  Napi::Value Result(Napi::Env env) override { return env.Undefined(); }

  std::string path_;
  bool detach_;
};

}  // namespace

Napi::Value Mount(const Napi::CallbackInfo& info) {
  return StartJob(info.Env(), std::make_shared<MountJob>(info.Env(), info[0].As<Napi::Object>()));
}

Napi::Value Unmount(const Napi::CallbackInfo& info) {
  return StartJob(info.Env(),
                  std::make_shared<UnmountJob>(info.Env(), PathFrom(info[0]), info[1].ToBoolean()));
}

}  // namespace composefs

// The native half of src/verity.ts.
#include "verity_jobs.h"

#include "arguments.h"
#include "call_job.h"
#include "fsverity.h"

namespace composefs {

Napi::Value MeasureVerityJob(const Napi::CallbackInfo& info) {
  const auto name = std::make_shared<FileName>(FileNameFrom(info[0].As<Napi::Object>()));
  auto measured = std::make_shared<std::optional<MeasuredDigest>>();
  const auto measure = [name, measured](const CancelFlag& cancel) {
    const FileName file = std::move(*name);  // closed when this is done, however it ends
    *measured = MeasureVerity(SourceFile(file, cancel).Get());
  };
  const auto answer = [measured](Napi::Env env) -> Napi::Value {
    if (!*measured) return env.Undefined();
    Napi::Object object = Napi::Object::New(env);
    const std::vector<uint8_t>& bytes = (*measured)->bytes;
    object.Set("algorithm", static_cast<double>((*measured)->algorithm));
    object.Set("bytes", Napi::Buffer<uint8_t>::Copy(env, bytes.data(), bytes.size()));
    return object;
  };
  return StartJob(info.Env(), std::make_shared<CallJob>(info.Env(), measure, answer));
}

Napi::Value EnableVerityJob(const Napi::CallbackInfo& info) {
  const auto name = std::make_shared<FileName>(FileNameFrom(info[0].As<Napi::Object>()));
  const auto enable = [name](const CancelFlag& cancel) {
    const FileName file = std::move(*name);
    const Enabled enabled = EnableVerity(SourceFile(file, cancel).Get());
    if (enabled == Enabled::kUnsupported) throw RuleFailure{"verity-unsupported", {}};
  };
  return StartJob(info.Env(), std::make_shared<CallJob>(info.Env(), enable));
}

}  // namespace composefs

#include "job.h"

#include <utility>

#include "function.h"

namespace composefs {
namespace {

Napi::Object Describe(Napi::Env env, const SystemFailure& failure) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("errno", failure.error);
  object.Set("syscall", failure.call);
  if (!failure.file.empty()) object.Set("file", failure.file);
  return object;
}

Napi::Object Describe(Napi::Env env, const RecordFailure& failure) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("rule", failure.rule);
  object.Set("record", static_cast<double>(failure.record));
  return object;
}

Napi::Object Describe(Napi::Env env, const RuleFailure& failure) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("rule", failure.rule);
  if (!failure.file.empty()) object.Set("file", failure.file);
  return object;
}

Napi::Object Describe(Napi::Env env, const Cancelled&) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("cancelled", true);
  return object;
}

}  // namespace

Napi::Object DescribeFailure(Napi::Env env, const Failure& failure) {
  return std::visit([env](const auto& kind) { return Describe(env, kind); }, failure);
}

Napi::Object StartJob(Napi::Env env, const std::shared_ptr<Job>& job) {
  Napi::Object result = Napi::Object::New(env);
  const auto cancel = [job](const Napi::CallbackInfo&) { job->Cancel(); };
  result.Set("cancel", MakeFunction(env, cancel, "cancel"));
  // What can fail is before: a job that is said to have failed must not be at work, and a promise that
  // nobody gets to see must not be rejected.
  job->Schedule();
  result.Set("promise", job->Promise());
  return result;
}

/// One turn. Nothing is left to AsyncWorker's own error handling: it takes an exception without text for
/// success, and its Cancel() leaves a promise that never settles.
class Job::Worker final : public Napi::AsyncWorker {
 public:
  Worker(Napi::Env env, std::shared_ptr<Job> job)
      : Napi::AsyncWorker(env, "composefs"), job_(std::move(job)) {}

 private:
  void Execute() override { job_->RunGuarded(); }
  void OnOK() override { job_->AfterTurn(); }

  std::shared_ptr<Job> job_;
};

void Job::Schedule() {
  if (running_) {
    run_again_ = true;
    return;
  }
  if (IsOver()) return;
  auto* worker = new Worker(env_, shared_from_this());  // deletes itself after OnOK
  running_ = true;
  worker->Queue();
}

Napi::Promise Job::Promise() {
  // Not made before: a Deferred holds its promise by a handle of the scope it was made in.
  deferred_ = Napi::Promise::Deferred::New(env_);
  const Napi::Promise promise = deferred_->Promise();
  if (!running_ && IsOver()) Settle();
  return promise;
}

void Job::Cancel() {
  cancel_.Set();
}

void Job::RunGuarded() {
  Turn turn = Turn::kDone;
  if (std::optional<Failure> failure = Attempt([&] { turn = Run(); }))
    outcome_ = std::move(*failure);
  else if (turn == Turn::kDone)
    outcome_ = Done{};
}

void Job::AfterTurn() {
  running_ = false;
  if (IsOver() && deferred_) return Settle();
  if (!run_again_) return;
  run_again_ = false;
  std::optional<Failure> failure = Attempt([&] { Schedule(); });
  if (!failure) return;
  outcome_ = std::move(*failure);
  if (deferred_) Settle();
}

void Job::Settle() {
  const Napi::HandleScope scope(env_);
  if (std::holds_alternative<Done>(outcome_)) {
    // Nobody would catch what is thrown from here.
    Napi::Value result;
    if (std::optional<Failure> failure = Attempt([&] { result = Result(env_); }))
      outcome_ = std::move(*failure);
    else
      deferred_->Resolve(result);
  }
  if (const auto* failure = std::get_if<Failure>(&outcome_))
    deferred_->Reject(DescribeFailure(env_, *failure));
  Release();
}

}  // namespace composefs

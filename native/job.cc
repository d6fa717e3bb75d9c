#include "job.h"

#include <new>
#include <type_traits>

namespace composefs {
namespace {

Napi::Object Describe(Napi::Env env, const SystemFailure& failure) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("errno", failure.error);
  object.Set("syscall", failure.call);
  return object;
}

Napi::Object Describe(Napi::Env env, const RecordFailure& failure) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("rule", failure.rule);
  object.Set("record", static_cast<double>(failure.record));
  return object;
}

Napi::Object Describe(Napi::Env env, const Cancelled&) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("cancelled", true);
  return object;
}

}  // namespace

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
  running_ = true;
  (new Worker(env_, shared_from_this()))->Queue();  // deletes itself after OnOK
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
  try {
    if (Run() == Turn::kDone) outcome_ = Done{};
  } catch (const SystemFailure& failure) {
    outcome_ = failure;
  } catch (const RecordFailure& failure) {
    outcome_ = failure;
  } catch (const Cancelled& cancelled) {
    outcome_ = cancelled;
  } catch (const std::bad_alloc&) {
    outcome_ = SystemFailure{ENOMEM, "malloc"};
  } catch (...) {  // a job always comes to an end
    outcome_ = SystemFailure{EIO, "job"};
  }
}

void Job::AfterTurn() {
  running_ = false;
  if (IsOver() && deferred_) return Settle();
  if (!run_again_) return;
  run_again_ = false;
  Schedule();
}

void Job::Settle() {
  const Napi::HandleScope scope(env_);
  const auto settle = [this](const auto& outcome) {
    using Kind = std::decay_t<decltype(outcome)>;
    if constexpr (std::is_same_v<Kind, Done>)
      deferred_->Resolve(Result(env_));
    else if constexpr (!std::is_same_v<Kind, std::monostate>)
      deferred_->Reject(Describe(env_, outcome));
  };
  std::visit(settle, outcome_);
}

}  // namespace composefs

#include "job.h"

#include <new>

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

Job::Job(Napi::Env env)
    : Napi::AsyncWorker(env, "composefs"),
      deferred_(Napi::Promise::Deferred::New(env)),
      cancel_(std::make_shared<CancelFlag>()) {}

Napi::Object Job::Start(std::unique_ptr<Job> job) {
  const Napi::Env env = job->Env();
  Napi::Object result = Napi::Object::New(env);
  result.Set("promise", job->deferred_.Promise());
  const auto cancel = [flag = job->cancel_](const Napi::CallbackInfo&) { flag->Set(); };
  result.Set("cancel", Napi::Function::New(env, cancel, "cancel"));
  job.release()->Queue();  // AsyncWorker deletes itself after OnOK
  return result;
}

void Job::Execute() {
  try {
    Run();
  } catch (const SystemFailure& failure) {
    outcome_ = failure;
  } catch (const RecordFailure& failure) {
    outcome_ = failure;
  } catch (const Cancelled& cancelled) {
    outcome_ = cancelled;
  } catch (const std::bad_alloc&) {
    outcome_ = SystemFailure{ENOMEM, "malloc"};
  }
}

void Job::OnOK() {
  const Napi::HandleScope scope(Env());
  const auto settle = [this](const auto& outcome) {
    if constexpr (std::is_same_v<std::decay_t<decltype(outcome)>, std::monostate>)
      deferred_.Resolve(Result(Env()));
    else
      deferred_.Reject(Describe(Env(), outcome));
  };
  std::visit(settle, outcome_);
}

}  // namespace composefs

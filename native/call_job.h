// A job that is one call, for what needs no class of its own.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "job.h"

namespace composefs {

class CallJob final : public Job {
 public:
  using Call = std::function<void(const CancelFlag&)>;
  using Answer = std::function<Napi::Value(Napi::Env)>;

  /// `call` runs on a worker thread, and what it holds is let go there; `answer` makes the promise's value on
  /// the main thread.
  CallJob(Napi::Env env, Call call, Answer answer = nullptr)
      : Job(env), call_(std::move(call)), answer_(std::move(answer)) {}

 private:
  Turn Run() override {
    const Call call = std::exchange(call_, nullptr);
    call(cancel());
    return Turn::kDone;
  }
  Napi::Value Result(Napi::Env env) override { return answer_ ? answer_(env) : env.Undefined(); }

  Call call_;
  Answer answer_;
};

/// A job that lets go of something. Without memory for one it is done here, and said to have failed: nobody
/// would do it later.
template <typename Work>
Napi::Object StartRelease(Napi::Env env, const Work& work) {
  try {
    return StartJob(env, std::make_shared<CallJob>(env, [work](const CancelFlag&) { work(); }));
  } catch (...) {
    work();
    throw;
  }
}

/// The same where nobody waits for it.
template <typename Work>
void ReleaseSoon(Napi::Env env, const Work& work) {
  try {
    std::make_shared<CallJob>(env, [work](const CancelFlag&) { work(); })->Schedule();
  } catch (...) {
    work();
  }
}

}  // namespace composefs

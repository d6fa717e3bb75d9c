// One piece of work on a worker thread, one promise, one way to stop it.
#pragma once

#include <napi.h>

#include <memory>
#include <string>
#include <variant>

#include "cancel.h"
#include "errors.h"

namespace composefs {

/// What JavaScript sees of a job: `{ promise, cancel }`. The promise is rejected with a plain object that
/// says what happened: `{ errno, syscall }`, `{ rule, record }` or `{ cancelled: true }`. Errors are made of
/// it in src/native.ts: one made here would not be `instanceof Error` where several realms exist.
///
/// A subclass implements, in the order of the calls:
///   the constructor   main thread: copies the arguments, keeps references to buffers
///   Run()             worker thread: no Node-API here; throws what errors.h has
///   Result()          main thread: the promise's value
///   the destructor    main thread
class Job : public Napi::AsyncWorker {
 public:
  /// Queues the job, which then owns itself.
  static Napi::Object Start(std::unique_ptr<Job> job);

 protected:
  explicit Job(Napi::Env env);

  virtual void Run() = 0;
  virtual Napi::Value Result(Napi::Env env) = 0;

  const CancelFlag& cancel() const { return *cancel_; }

 private:
  using Outcome = std::variant<std::monostate, SystemFailure, RecordFailure, Cancelled>;

  // Nothing is left to AsyncWorker's own error handling: it takes an exception without text for success, and
  // its Cancel() leaves a promise that never settles.
  void Execute() final;
  void OnOK() final;

  Napi::Promise::Deferred deferred_;
  std::shared_ptr<CancelFlag> cancel_;  // shared with the cancel function, which may outlive the job
  Outcome outcome_;
};

}  // namespace composefs

// Work on worker threads, behind one promise and one way to stop it.
#pragma once

#include <napi.h>

#include <memory>
#include <optional>
#include <variant>

#include "cancel.h"
#include "errors.h"

namespace composefs {

/// The promise of a job is rejected with a plain object that says what happened: `{ errno, syscall }`,
/// `{ rule, record }`, `{ rule, file? }` or `{ cancelled: true }`. Errors are made of it in src/native.ts:
/// one made here would not be `instanceof Error` where several realms exist.
///
/// A job is owned by whoever holds it on the main thread and by each turn that is on its way. A subclass has
///   the constructor   main thread: copies the arguments, keeps references to buffers
///
///   Run()             a worker thread, one turn at a time: no Node-API here; throws what errors.h has, and
///                     says if the job is done
///
///   Result()          main thread: the promise's value
///
///   Release()         main thread, once it is settled: lets go of buffers, which would otherwise stay until
///                     the job is collected
///
///   the destructor    main thread
class Job : public std::enable_shared_from_this<Job> {
 public:
  virtual ~Job() = default;
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  /// Main thread: has Run() called, and called again if it is running already. Nothing, once the job is over.
  void Schedule();

  /// Main thread, once. A job that nobody asks for its promise fails in silence.
  Napi::Promise Promise();

  /// Main thread: makes the next checkpoint throw.
  void Cancel();

 protected:
  enum class Turn { kDone, kMoreToCome };

  explicit Job(Napi::Env env) : env_(env) {}

  virtual Turn Run() = 0;
  virtual Napi::Value Result(Napi::Env env) = 0;
  virtual void Release() {}

  const CancelFlag& cancel() const { return cancel_; }

 private:
  class Worker;
  struct Done {};
  using Outcome = std::variant<std::monostate, Done, Failure>;

  void RunGuarded();
  void AfterTurn();
  void Settle();
  bool IsOver() const { return outcome_.index() != 0; }

  Napi::Env env_;
  std::optional<Napi::Promise::Deferred> deferred_;  // once there is a promise to keep
  CancelFlag cancel_;
  Outcome outcome_;  // written by the worker, read on the main thread between turns
  bool running_ = false;
  bool run_again_ = false;
};

/// Main thread: the object that a promise is rejected with.
Napi::Object DescribeFailure(Napi::Env env, const Failure& failure);

/// Main thread: schedules a job; `{ promise, cancel }`, as TypeScript takes it.
Napi::Object StartJob(Napi::Env env, const std::shared_ptr<Job>& job);

}  // namespace composefs

// What jobs use one at a time, and what takes too much memory to wait for a garbage collection.
#pragma once

#include <cerrno>
#include <mutex>
#include <optional>
#include <utility>

#include "errors.h"

namespace composefs {

/// V8 does not know how much a value takes, and has no reason to collect the functions that hold it: so it is
/// freed as soon as its work is over, or given up.
template <typename Value>
class Exclusive {
 public:
  template <typename... Arguments>
  explicit Exclusive(Arguments&&... arguments)
      : value_(std::in_place, std::forward<Arguments>(arguments)...) {}
  Exclusive(const Exclusive&) = delete;
  Exclusive& operator=(const Exclusive&) = delete;

  /// A job's, as long as it lives. Throws SystemFailure: EBUSY while another one has it, EBADF once it is
  /// freed.
  class Use {
   public:
    Use(Exclusive& of, const char* call) : of_(of) { of.Begin(call); }
    ~Use() { of_.End(); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

    Value& operator*() const { return *of_.value_; }
    Value* operator->() const { return &*of_.value_; }

   private:
    Exclusive& of_;
  };

  /// Whether it is freed, or will be.
  bool IsOver() {
    const std::lock_guard lock(mutex_);
    return is_over_;
  }

  /// Now, or when the job that has it ends.
  void Free() {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
    if (!is_used_) value_.reset();
  }

 private:
  void Begin(const char* call) {
    const std::lock_guard lock(mutex_);
    if (is_used_) throw SystemFailure{EBUSY, call};
    if (!value_) throw SystemFailure{EBADF, call};
    is_used_ = true;
  }

  void End() {
    const std::lock_guard lock(mutex_);
    is_used_ = false;
    if (is_over_) value_.reset();
  }

  std::mutex mutex_;  // of what follows; the value itself is the user's
  std::optional<Value> value_;
  bool is_used_ = false;
  bool is_over_ = false;
};

}  // namespace composefs

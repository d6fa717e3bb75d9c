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
    Use(Exclusive& of, const char* call) : lock_(of.mutex_, std::try_to_lock), value_(of.value_) {
      if (!lock_) throw SystemFailure{EBUSY, call};
      if (!value_) throw SystemFailure{EBADF, call};
    }

    Value& operator*() const { return *value_; }
    Value* operator->() const { return &*value_; }
    void Free() { value_.reset(); }

   private:
    std::unique_lock<std::mutex> lock_;
    std::optional<Value>& value_;
  };

  /// Waits for the job that has it.
  void Free() {
    const std::lock_guard lock(mutex_);
    value_.reset();
  }

 private:
  std::mutex mutex_;
  std::optional<Value> value_;
};

}  // namespace composefs

// What a job can fail with. Each becomes a plain object { … } in JavaScript, where the error is made.
#pragma once

#include <cerrno>
#include <cstddef>
#include <string>

namespace composefs {

/// A system call, or a libcomposefs call that reports by errno.
struct SystemFailure {
  int error;
  const char* call;
};

/// The records handed over break a rule: a caller's mistake, or a hostile buffer.
struct RecordFailure {
  std::string rule;
  size_t record;
};

/// The job was told to stop.
struct Cancelled {};

[[noreturn]] inline void ThrowErrno(const char* call) {
  throw SystemFailure{errno, call};
}

}  // namespace composefs

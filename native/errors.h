// What a job can fail with. Each becomes a plain object { … } in JavaScript, where the error is made.
#pragma once

#include <cerrno>
#include <cstddef>
#include <new>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace composefs {

/// A system call, or a libcomposefs call that reports by errno. `file` is empty where the caller knows which
/// file it is about.
struct SystemFailure {
  int error;
  const char* call;
  std::string file = {};
};

/// The records handed over break a rule: a caller's mistake, or a hostile buffer.
struct RecordFailure {
  std::string rule;
  size_t record;
};

/// A file is not what it should be. The rules have their texts in src/native.ts; `file` is empty where the
/// caller knows which one it is.
struct RuleFailure {
  const char* rule;
  std::string file;
};

/// The job was told to stop.
struct Cancelled {};

using Failure = std::variant<SystemFailure, RecordFailure, RuleFailure, Cancelled>;

/// Whether this process, or the system, lacks something: it says nothing of the file that was at hand.
inline bool IsOfProcess(const Failure& failure) {
  const auto* system = std::get_if<SystemFailure>(&failure);
  if (system == nullptr) return false;
  const int error = system->error;
  return error == ENOMEM || error == EMFILE || error == ENFILE || error == EINTR;
}

[[noreturn]] inline void ThrowErrno(const char* call, std::string file = {}) {
  const int error = errno;
  throw SystemFailure{error, call, std::move(file)};
}

/// Does something with a file; an error that names none is about that one.
template <typename Work>
decltype(auto) About(const std::string& file, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (SystemFailure& failure) {
    if (failure.file.empty()) failure.file = file;
    throw;
  }
}

/// Throws what Attempt caught.
[[noreturn]] inline void Rethrow(const Failure& failure) {
  std::visit([](const auto& kind) { throw kind; }, failure);
  __builtin_unreachable();
}

/// Does something; what it throws is the result. It is moved out of the exception: there may be no memory for
/// a copy of a path.
template <typename Work>
std::optional<Failure> Attempt(Work&& work) {
  try {
    std::forward<Work>(work)();
    return std::nullopt;
  } catch (SystemFailure& failure) {
    return std::move(failure);
  } catch (RecordFailure& failure) {
    return std::move(failure);
  } catch (RuleFailure& failure) {
    return std::move(failure);
  } catch (const Cancelled& cancelled) {
    return cancelled;
  } catch (const std::bad_alloc&) {
    return SystemFailure{ENOMEM, "malloc"};
  } catch (...) {  // a job always comes to an end
    return SystemFailure{EIO, "job"};
  }
}

}  // namespace composefs

// A process gives up what it could do, for good: what is left to it is its memory and its open descriptors.
#pragma once

#include <cstdint>
#include <functional>

namespace composefs {

struct LockdownOptions {
  /// Descriptors from 0 on that stay open, besides those of the event loop.
  int kept_descriptors;
  /// Bytes of the heap, of anonymous mappings and of stacks together (RLIMIT_DATA), besides what is reserved
  /// for code.
  uint64_t memory;
  /// Bytes that a file may get (RLIMIT_FSIZE).
  uint64_t file_size;
  /// Memory may become executable, as V8's compilers want it.
  bool may_make_code;
  /// Layers that are tried.
  bool use_landlock;
  bool use_seccomp;
};

/// What this kernel has enforced.
struct Lockdown {
  bool no_new_privs = false;
  /// Version of Landlock's interface; 0: none
  int landlock = 0;
  bool seccomp = false;
  /// Why there is no filter of system calls: an error number.
  int seccomp_error = 0;
};

/// Called once, on the main thread, when all that is needed is loaded and open. Landlock holds for this
/// thread and those that it starts later, the filter of system calls for all, and no thread can be started
/// under it: `start_threads` is called in between.
///
/// Throws SystemFailure if a limit cannot be set.
Lockdown LockDown(const LockdownOptions& options, const std::function<void()>& start_threads);

/// A file in memory without a name. Throws SystemFailure.
int OpenMemoryFile();

}  // namespace composefs

// What ends the reading of one name in a directory, and how system calls are made there.
#pragma once

#include <cerrno>

#include "scan.h"

namespace composefs {

struct ScanFault {
  Problem problem = Problem::kNone;
  int error = 0;
};

/// Thrown where an entry cannot be read as one state.
struct ScanChanged {};

/// Throws what a failed call means, by errno.
[[noreturn]] inline void FailScan(Problem problem) {
  // What is gone, or is another kind of file now, was something else a moment ago.
  if (errno == ENOENT || errno == ENODATA || errno == ELOOP || errno == ENXIO || errno == ESTALE)
    throw ScanChanged{};
  throw ScanFault{problem, errno};
}

template <typename Call>
auto Retry(Call call) {
  decltype(call()) result;
  do result = call();
  while (result < 0 && errno == EINTR);
  return result;
}

}  // namespace composefs

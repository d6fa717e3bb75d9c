// A rename that replaces nothing.
#pragma once

#include <linux/fs.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace composefs {

/// renameat2(2), which musl has no function for (1.2.5).
inline int RenameNoReplace(int from_folder, const char* from, int to_folder, const char* to) {
  return static_cast<int>(syscall(SYS_renameat2, from_folder, from, to_folder, to, RENAME_NOREPLACE));
}

}  // namespace composefs

// Names that were given in a folder are on disk.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace composefs {

/// fsync of a folder. Whose file system cannot do that needs none (src/replacement.ts has the same list).
///
/// @return false, with errno, if a crash may take names in it away
inline bool SyncFolder(int folder) {
  constexpr int kNoSync[] = {EBADF, EINVAL, ENOSYS, EOPNOTSUPP};
  return fsync(folder) == 0 || std::ranges::find(kNoSync, errno) != std::end(kNoSync);
}

}  // namespace composefs

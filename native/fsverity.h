// fs-verity of the kernel (Documentation/filesystems/fsverity.rst): what it measures of a file, and sealing
// one.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "verity.h"

namespace composefs {

struct MeasuredDigest {
  HashAlgorithm algorithm;
  std::vector<uint8_t> bytes;
};

/// What a file of fs-verity measures; nothing, if it is none. Throws SystemFailure where that cannot be
/// known.
std::optional<MeasuredDigest> MeasureVerity(int file);

enum class Enabled {
  kYes,          // now or before
  kUnsupported,  // the file system has no fs-verity, or not as it was made
};

/// Seals a file that is open for reading only, and by nobody for writing: SHA-256, blocks of 4,096 bytes, no
/// salt.
Enabled EnableVerity(int file);

}  // namespace composefs

// A tree of nodes becomes an image: libcomposefs writes, the digest is computed on the way.
#pragma once

#include <cstdint>

#include "cancel.h"
#include "lcfs.h"
#include "output.h"
#include "verity.h"

namespace composefs {

struct FormatVersions {
  uint32_t minimum = LCFS_DEFAULT_VERSION_MIN;
  uint32_t maximum = LCFS_DEFAULT_VERSION_MAX;
};

struct WrittenImage {
  Digest digest;     // fs-verity digest of the image file
  uint64_t size;     // bytes
  uint32_t version;  // the composefs version in the image's header
};

/// Does not commit the output. Throws SystemFailure, Cancelled. Not to be called twice at a time for one
/// tree: libcomposefs changes reference counts without a lock.
WrittenImage WriteImage(lcfs_node_s* root, FormatVersions versions, Output& output, const CancelFlag& cancel);

}  // namespace composefs

// Records become a tree of libcomposefs's nodes.
#pragma once

#include "cancel.h"
#include "lcfs.h"
#include "records.h"

namespace composefs {

/// Builds the nodes of all records. Siblings are ordered here, and of an inode's names the first one in the
/// order of a walk (parents first, siblings by their bytes) becomes libcomposefs's node, the others its hard
/// links: so one tree gives one image, in whatever order its names were added.
///
/// Throws RecordFailure, SystemFailure, Cancelled.
NodePtr BuildTree(const Records& records, const CancelFlag& cancel);

}  // namespace composefs

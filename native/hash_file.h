// The fs-verity hash of a file's content, with as many processors as are free for it.
#pragma once

#include <cstdint>

#include "cancel.h"
#include "source_file.h"
#include "verity.h"

namespace composefs {

/// Gives all of a file to a hasher that has taken nothing yet; the number of bytes.
///
/// Blocks are hashed by themselves, so several threads can share a large file. It takes only processors that
/// no other call of this function uses: where many files are hashed at once, each stays on its own thread.
uint64_t HashFile(const SourceFile& file, VerityHasher& hasher, const CancelFlag& cancel);

}  // namespace composefs

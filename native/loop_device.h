// A file as a block device, for kernels and file systems that mount no EROFS from the file itself.
#pragma once

#include "output.h"

namespace composefs {

/// A loop device over an open file, read-only. The kernel frees it when neither this descriptor nor a mount
/// has it any more. Throws MountFailure, step "loop".
Descriptor AttachLoopDevice(int file);

}  // namespace composefs

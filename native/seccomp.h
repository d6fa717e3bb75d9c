// Which system calls a locked process may still make.
#pragma once

namespace composefs {

/// Filters the system calls of all threads of this process, for good. Needs no_new_privs.
///
/// @param may_make_code   memory may become executable, as V8's compilers want it
/// @return 0, or an error number; ENOSYS where the kernel or this architecture has no filters
int FilterSystemCalls(bool may_make_code);

}  // namespace composefs

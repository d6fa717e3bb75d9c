// One directory of a file system, read once: what src/directory/decode.ts makes entries of.
//
// Nothing here follows a symlink, and every name is judged by one state of its inode: what was read for it in
// several calls (stat, link target, attributes, content) counts only if a last stat says that it did not
// change meanwhile. File systems are not trusted: what they answer is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cancel.h"

namespace composefs {

struct ScanOptions {
  bool xattrs = true;
  bool user_xattrs_only = false;
  /// Regular files of 1 to so many bytes are read.
  size_t inline_limit = 64;
  /// More names are a problem of the directory.
  size_t entry_limit = 5'000'000;
  /// An inode's attributes may take so much of an image; more is a problem of the inode.
  size_t xattr_limit = 32'767;
};

/// Which inode the parent saw under the directory's name.
struct InodeNumber {
  uint64_t device;
  uint64_t inode;
};

/// What is wrong with an entry, or with the directory: a call that failed, with its errno beside; or one of
/// the last three.
enum class Problem : uint32_t {
  kNone,
  kStat,
  kReadLink,
  kOpen,
  kRead,
  kListXattr,
  kGetXattr,
  kReadDirectory,
  kChanged,  // it was never the same from the first call to the last
  kXattrLimit,
  kEntryLimit,
};

/// The packed records of a directory: its own, without a name, and one for each name in it. The layout is
/// told in src/directory/decode.ts. Throws SystemFailure where the directory itself cannot be opened.
std::vector<uint8_t> ScanDirectory(const std::string& path, const std::optional<InodeNumber>& expected,
                                   const ScanOptions& options, const CancelFlag& cancel);

}  // namespace composefs

// Which digest a file had when it was put: who puts it again need not read it, as long as stat(2) says the
// same of it.
#pragma once

#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "source_file.h"

namespace composefs {

/// Whether another content of a file would have other times. Not in an image that is mounted (EROFS,
/// SquashFS, anything in a loop device, and overlayfs over these): one that is made reproducibly has the
/// times and inode numbers of the one before it, and gets that one's device number when it is mounted in its
/// place.
bool HasOwnTimes(int file);

/// For any number of threads.
class DigestCache {
 public:
  /// Takes over what a file says, if it is whole and nobody but this user and root can have written it.
  void Load(int folder, const char* name);

  /// Writes a new file beside, and renames it; only if something was added. A cache that cannot be written is
  /// none.
  void Save(int staging, int folder, const char* name) noexcept;

  std::optional<Digest> Find(const FileIdentity& identity) const;

  /// Nanoseconds since 1970.
  static int64_t Now();

  /// Not of a file that had changed just before it was read, which began at `read_ns`: another change, also
  /// while it was read, might leave its times as they are.
  void Add(const FileIdentity& identity, const Digest& digest, int64_t read_ns = Now());

 private:
  struct Entry {
    FileIdentity identity;
    Digest digest;
  };
  static_assert(sizeof(Entry) == 72);
  struct Hash {
    size_t operator()(const std::pair<int64_t, int64_t>& file) const {
      return static_cast<size_t>(file.first) * 0x9e3779b97f4a7c15U ^ static_cast<size_t>(file.second);
    }
  };

  mutable std::mutex mutex_;                                              // of all below
  std::unordered_map<std::pair<int64_t, int64_t>, Entry, Hash> entries_;  // by device and inode
  bool changed_ = false;
};

}  // namespace composefs

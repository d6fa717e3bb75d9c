// A file whose content is taken in, and whether it stays what it was.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "output.h"
#include "verity.h"

namespace composefs {

/// What stat(2) said of a file when it was found; FileIdentity of src/file-path.ts.
struct FileIdentity {
  int64_t dev;
  int64_t ino;
  int64_t size;
  int64_t mtime_ns;
  int64_t ctime_ns;

  static FileIdentity Of(const struct stat& status);
  bool operator==(const FileIdentity&) const = default;
};

/// A file as a caller names it: by its path, or open, by a descriptor of the job's own.
struct FileName {
  std::optional<std::string> path;
  Descriptor file;
  int file_error = 0;  // of duplicating the caller's descriptor
  std::optional<FileIdentity> identity;
};

/// A regular file, open for reading. Where it is expected to have an identity, symlinks are not followed, and a file
/// that is not that one, or no regular file any more, breaks the rule `changed`.
class SourceFile {
 public:
  /// Throws SystemFailure or RuleFailure. `name` must outlive this.
  explicit SourceFile(const FileName& name);

  int Get() const { return file_.IsOpen() ? file_.Get() : name_.file.Get(); }
  const struct stat& Status() const { return status_; }

  /// Fills the buffer from an offset of the file; fewer bytes mean its end.
  size_t ReadAt(std::span<uint8_t> buffer, uint64_t at) const;

  /// Throws if the file is not what it was when it was opened, or is not as long as what was read of it.
  void CheckUnchanged(uint64_t bytes_read) const;

  /// Tells the kernel that all of it will be read.
  void AdviseSequential() const;

 private:
  void Open();

  const FileName& name_;
  Descriptor file_;
  struct stat status_ {};
};

/// Takes all of a file into a hasher.
void HashContent(const SourceFile& file, VerityHasher& hasher, const CancelFlag& cancel);

/// Memory of this thread for what is read, large enough to make calls few, small enough to stay in its cache.
std::span<uint8_t> ReadBuffer();

}  // namespace composefs

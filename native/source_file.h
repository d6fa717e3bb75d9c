// A file whose content is taken in, and whether it stays what it was.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "cancel.h"
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

/// Opens a file that is not waited for, were it a fifo. Only for who has a lease of it (fcntl(2)), whom the
/// kernel has told by then, and who has to give it up within the time of lease-break-time.
template <typename Open>
int OpenDespiteLease(Open open) {
  constexpr int kAttempts = 1200;
  constexpr int kPauseMilliseconds = 50;
  int file = open();
  for (int attempt = 0; file < 0 && errno == EWOULDBLOCK && attempt < kAttempts; ++attempt) {
    poll(nullptr, 0, kPauseMilliseconds);
    file = open();
  }
  return file;
}

/// A file as a caller names it: by its path, or open, by a descriptor of the job's own.
struct FileName {
  std::optional<std::string> path;
  int folder = AT_FDCWD;  // that a relative path begins at
  Descriptor file;
  int file_error = 0;  // of duplicating the caller's descriptor
  std::optional<FileIdentity> identity;
};

/// A regular file, open for reading. Where it is expected to have an identity, symlinks are not followed, and
/// a file that is not that one, or no regular file any more, breaks the rule `changed`.
class SourceFile {
 public:
  /// Throws SystemFailure or RuleFailure. `name` must outlive this.
  SourceFile(const FileName& name, const CancelFlag& cancel);

  int Get() const { return file_.IsOpen() ? file_.Get() : name_.file.Get(); }
  const struct stat& Status() const { return status_; }

  /// Fills the buffer from an offset of the file; fewer bytes mean its end.
  size_t ReadAt(std::span<uint8_t> buffer, uint64_t at) const;

  /// Throws if the file is not what it was when it was opened, or is not as long as what was read of it.
  void CheckUnchanged(uint64_t bytes_read) const;

  /// Tells the kernel that all of it will be read. A descriptor of the caller's is left as it is.
  void AdviseSequential() const;

  /// The end of the hole that begins at an offset, or that offset; only where the file was opened by its
  /// path, since asking moves the position that the caller's descriptor shares.
  uint64_t EndOfHole(uint64_t at) const;
  uint64_t EndOfData(uint64_t at) const;
  /// As far as it is told.
  bool HasHoles() const;

 private:
  void Open(const CancelFlag& cancel);

  const FileName& name_;
  Descriptor file_;
  struct stat status_ {};
};

/// Takes the bytes of a file, in order.
class ContentSink {
 public:
  virtual ~ContentSink() = default;
  virtual void Write(std::span<const uint8_t> bytes) = 0;
  /// A run of zeros that the file does not store.
  virtual void WriteHole(uint64_t size) = 0;
};

/// Gives all of it to a hasher.
class HashingSink final : public ContentSink {
 public:
  explicit HashingSink(VerityHasher& hasher) : hasher_(hasher) {}
  void Write(std::span<const uint8_t> bytes) override { hasher_.Update(bytes); }
  void WriteHole(uint64_t size) override { hasher_.UpdateZeros(size); }

 private:
  VerityHasher& hasher_;
};

/// Gives all of a file, from an offset on, to a sink; where it ended.
uint64_t ReadContent(const SourceFile& file, ContentSink& sink, const CancelFlag& cancel, uint64_t at = 0);

/// Memory of this thread for what is read, large enough to make calls few, small enough to stay in its cache.
std::span<uint8_t> ReadBuffer();

}  // namespace composefs

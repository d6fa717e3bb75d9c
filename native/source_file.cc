#include "source_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include "errors.h"

namespace composefs {
namespace {

constexpr size_t kReadSize = 1 << 18;

int64_t Nanoseconds(const timespec& time) {
  // Wraps for times 292 years away, on both sides alike.
  return static_cast<int64_t>(static_cast<uint64_t>(time.tv_sec) * 1'000'000'000U +
                              static_cast<uint64_t>(time.tv_nsec));
}

}  // namespace

FileIdentity FileIdentity::Of(const struct stat& status) {
  return {static_cast<int64_t>(status.st_dev), static_cast<int64_t>(status.st_ino),
          static_cast<int64_t>(status.st_size), Nanoseconds(status.st_mtim), Nanoseconds(status.st_ctim)};
}

SourceFile::SourceFile(const FileName& name, const CancelFlag& cancel) : name_(name) {
  if (name.path) Open(cancel);
  if (name.file_error != 0) throw SystemFailure{name.file_error, "dup"};
  if (fstat(Get(), &status_) != 0) ThrowErrno("fstat");
  if (name.identity && *name.identity != FileIdentity::Of(status_)) throw RuleFailure{"changed", {}};
  if (S_ISDIR(status_.st_mode)) throw SystemFailure{EISDIR, "read"};
  if (!S_ISREG(status_.st_mode)) throw SystemFailure{EINVAL, "read"};  // fs-verity is for regular files
}

void SourceFile::Open(const CancelFlag& cancel) {
  const int follow = name_.identity ? O_NOFOLLOW : 0;
  file_ = Descriptor(OpenDespiteLease([&] {
    cancel.Checkpoint();
    return openat(name_.folder, name_.path->c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | follow);
  }));
  if (file_.IsOpen()) return;
  // A symlink, or a socket, or a device without a driver: what was found was a regular file.
  if (name_.identity && (errno == ELOOP || errno == ENXIO || errno == ENODEV))
    throw RuleFailure{"changed", {}};
  ThrowErrno("open");
}

size_t SourceFile::ReadAt(std::span<uint8_t> buffer, uint64_t at) const {
  size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t n =
        pread(Get(), buffer.data() + filled, buffer.size() - filled, static_cast<off_t>(at + filled));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) ThrowErrno("read");
    if (n == 0) break;
    filled += static_cast<size_t>(n);
  }
  return filled;
}

void SourceFile::CheckUnchanged(uint64_t bytes_read) const {
  struct stat now {};
  if (fstat(Get(), &now) != 0) ThrowErrno("fstat");
  const FileIdentity before = FileIdentity::Of(status_);
  if (before != FileIdentity::Of(now) || bytes_read != static_cast<uint64_t>(before.size))
    throw RuleFailure{"changed", {}};
}

void SourceFile::AdviseSequential() const {
  if (file_.IsOpen() && status_.st_size > static_cast<off_t>(kReadSize))
    posix_fadvise(Get(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

bool SourceFile::HasHoles() const {
  return file_.IsOpen() && status_.st_blocks < status_.st_size / 512;
}

uint64_t SourceFile::EndOfHole(uint64_t at) const {
  const auto size = static_cast<uint64_t>(status_.st_size);
  if (!HasHoles() || at >= size) return at;
  const off_t data = lseek(Get(), static_cast<off_t>(at), SEEK_DATA);
  if (data >= 0) return std::min(static_cast<uint64_t>(data), size);
  return errno == ENXIO ? size : at;  // nothing but a hole up to the end; or holes are not told
}

uint64_t SourceFile::EndOfData(uint64_t at) const {
  const off_t hole = HasHoles() ? lseek(Get(), static_cast<off_t>(at), SEEK_HOLE) : -1;
  return hole > static_cast<off_t>(at) ? static_cast<uint64_t>(hole) : UINT64_MAX;
}

uint64_t ReadContent(const SourceFile& file, ContentSink& sink, const CancelFlag& cancel, uint64_t at) {
  const std::span<uint8_t> buffer = ReadBuffer();
  file.AdviseSequential();
  for (;;) {
    if (const uint64_t data = file.EndOfHole(at); data > at) {
      sink.WriteHole(data - at);
      at = data;
    }
    for (const uint64_t end = file.EndOfData(at); at < end;) {
      cancel.Checkpoint();
      const auto wanted = static_cast<size_t>(std::min<uint64_t>(buffer.size(), end - at));
      const size_t size = file.ReadAt(buffer.first(wanted), at);
      sink.Write(buffer.first(size));
      at += size;
      if (size < wanted) return at;
    }
  }
}

std::span<uint8_t> ReadBuffer() {
  thread_local const std::unique_ptr<uint8_t[]> buffer = std::make_unique_for_overwrite<uint8_t[]>(kReadSize);
  return {buffer.get(), kReadSize};
}

}  // namespace composefs

#include "staged_file.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "errors.h"

namespace composefs {
StagedFile::StagedFile(const StagingFolder& folder, std::string name)
    : folder_(folder), name_(std::move(name)) {
  constexpr int kFlags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  file_ = Descriptor(openat(folder.file.Get(), name_.c_str(), kFlags, 0600));
  if (!file_.IsOpen()) ThrowErrno("open", Path());
}

StagedFile::~StagedFile() {
  if (!released_) unlinkat(folder_.file.Get(), name_.c_str(), 0);
}

void StagedFile::Write(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return;
  hasher_.Update(bytes);
  WriteAt(bytes);
}

void StagedFile::WriteUnhashed(std::span<const uint8_t> bytes) {
  WriteAt(bytes);
}

void StagedFile::WriteHole(uint64_t size) {
  if (size == 0) return;
  hasher_.UpdateZeros(size);
  size_ += size;
  ends_in_hole_ = true;
}

void StagedFile::WriteAt(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(file_.Get(), bytes.data(), bytes.size(), static_cast<off_t>(size_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) ThrowErrno("write", Path());
    size_ += static_cast<uint64_t>(written);
    bytes = bytes.subspan(static_cast<size_t>(written));
    ends_in_hole_ = false;
  }
}

StagedFile::Cloned StagedFile::Clone(int file) {
  if (ioctl(file_.Get(), FICLONE, file) == 0) {
    struct stat status {};
    if (fstat(file_.Get(), &status) != 0) ThrowErrno("fstat", Path());
    size_ = static_cast<uint64_t>(status.st_size);
    return Cloned::kYes;
  }
  switch (errno) {
    case EOPNOTSUPP:
    case ENOTTY:
    case ENOSYS:
    case EXDEV:
      return Cloned::kNever;
    case EINVAL:   // no regular file of whole blocks, or checksums differ in kind
    case ETXTBSY:  // a swap file
    case EPERM:
      return Cloned::kNotThis;
    default:
      ThrowErrno("FICLONE", Path());
  }
}

void StagedFile::HashOwn(const CancelFlag& cancel) {
  FileName own;
  own.path = name_;
  own.folder = folder_.file.Get();
  HashingSink sink(hasher_);
  const uint64_t read = About(Path(), [&] { return ReadContent(SourceFile(own, cancel), sink, cancel); });
  if (read != size_) throw SystemFailure{EIO, "read", Path()};
}

void StagedFile::Finish(const Attributes& attributes) {
  if (ends_in_hole_ && ftruncate(file_.Get(), static_cast<off_t>(size_)) != 0)
    ThrowErrno("ftruncate", Path());
  const bool owned = attributes.uid != static_cast<uid_t>(-1) || attributes.gid != static_cast<gid_t>(-1);
  if (owned && fchown(file_.Get(), attributes.uid, attributes.gid) != 0) ThrowErrno("fchown", Path());
  if (fchmod(file_.Get(), attributes.mode) != 0) ThrowErrno("fchmod", Path());
  file_ = Descriptor();
}

Descriptor StagedFile::OpenForReading() const {
  Descriptor file(openat(folder_.file.Get(), name_.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.IsOpen()) ThrowErrno("open", Path());
  return file;
}

}  // namespace composefs

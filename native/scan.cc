#include "scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "errors.h"
#include "output.h"
#include "scan_fault.h"
#include "scan_xattrs.h"
#include "source_file.h"

namespace composefs {
namespace {

/// How often an entry, or a directory, that changes while it is read is read again.
constexpr int kAttempts = 4;
constexpr size_t kLinkLimit = 4095;

bool Same(const struct stat& a, const struct stat& b) {
  const auto same_time = [](const timespec& x, const timespec& y) {
    return x.tv_sec == y.tv_sec && x.tv_nsec == y.tv_nsec;
  };
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_mode == b.st_mode && a.st_size == b.st_size &&
         same_time(a.st_mtim, b.st_mtim) && same_time(a.st_ctim, b.st_ctim);
}

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using OpenDirectory = std::unique_ptr<DIR, CloseDirectory>;

OpenDirectory Open(const std::string& path) {
  const int fd = static_cast<int>(Retry(
      [&] { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); }));
  if (fd < 0) ThrowErrno("open");
  OpenDirectory directory(fdopendir(fd));
  if (!directory) {
    close(fd);
    ThrowErrno("open");
  }
  return directory;
}

class Scanner {
 public:
  Scanner(const std::string& path, const ScanOptions& options, const CancelFlag& cancel)
      : options_(options), cancel_(cancel), directory_(Open(path)), xattrs_(Fd(), options) {}

  std::vector<uint8_t> Read(const std::optional<InodeNumber>& expected) {
    for (int attempt = 0; attempt < kAttempts; attempt++) {
      const struct stat before = OwnStatus();
      if (expected && (before.st_dev != expected->device || before.st_ino != expected->inode)) break;
      bytes_.clear();
      const ScanFault fault = ReadAll(before);
      if (fault.problem == Problem::kChanged) continue;
      if (fault.problem == Problem::kNone && !Same(before, OwnStatus())) continue;
      SetProblem(0, fault);
      return std::move(bytes_);
    }
    bytes_.clear();
    Append("", OwnStatus(), {Problem::kChanged});
    return std::move(bytes_);
  }

 private:
  int Fd() const { return dirfd(directory_.get()); }

  struct stat OwnStatus() const {
    struct stat status {};
    if (fstat(Fd(), &status) != 0) ThrowErrno("fstat");
    return status;
  }

  ScanFault ReadAll(const struct stat& own) {
    ScanFault fault;
    try {
      text_.clear();
      xattrs_.Clear();
      if (options_.xattrs) xattrs_.Read(".");
    } catch (const ScanFault& thrown) {
      fault = thrown;
    } catch (const ScanChanged&) {
      fault = {Problem::kChanged};
    }
    Append("", own, fault);
    if (fault.problem != Problem::kNone) return fault;
    if (std::exchange(is_read_, true)) rewinddir(directory_.get());
    for (size_t count = 0;;) {
      cancel_.Checkpoint();
      errno = 0;
      const dirent* entry = readdir(directory_.get());
      if (entry == nullptr && errno == EINTR) continue;
      if (entry == nullptr) return errno == 0 ? ScanFault{} : ScanFault{Problem::kReadDirectory, errno};
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (++count > options_.entry_limit) return {Problem::kEntryLimit};
      ReadEntry(std::string(name));
    }
  }

  void ReadEntry(const std::string& name) {
    struct stat status {};
    ScanFault fault{Problem::kChanged};
    for (int attempt = 0; attempt < kAttempts && fault.problem == Problem::kChanged; attempt++) {
      try {
        ReadEntryOnce(name, status);
        fault = {};
      } catch (const ScanFault& thrown) {
        fault = thrown;
      } catch (const ScanChanged&) {
      }
    }
    Append(name, status, fault);
  }

  /// One attempt. A directory's attributes are read with what is in it.
  void ReadEntryOnce(const std::string& name, struct stat& status) {
    text_.clear();
    xattrs_.Clear();
    status = StatusOf(name);
    if (S_ISDIR(status.st_mode)) return;
    if (S_ISLNK(status.st_mode)) ReadLink(name);
    const auto size = static_cast<uint64_t>(status.st_size);
    if (S_ISREG(status.st_mode) && size > 0 && size <= options_.inline_limit) ReadContent(name, status);
    if (options_.xattrs) xattrs_.Read(name);
    const bool read_more = !text_.empty() || xattrs_.Count() > 0;
    if (read_more && !Same(status, StatusOf(name))) throw ScanChanged{};
  }

  struct stat StatusOf(const std::string& name) const {
    struct stat status {};
    if (Retry([&] { return fstatat(Fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW); }) != 0)
      FailScan(Problem::kStat);
    return status;
  }

  void ReadLink(const std::string& name) {
    char target[kLinkLimit + 1];
    const ssize_t size = readlinkat(Fd(), name.c_str(), target, sizeof target);
    if (size < 0 && errno == EINVAL) throw ScanChanged{};  // no symlink any more
    if (size < 0) FailScan(Problem::kReadLink);
    if (static_cast<size_t>(size) > kLinkLimit) throw ScanFault{Problem::kReadLink, ENAMETOOLONG};
    text_.assign(target, static_cast<size_t>(size));
  }

  void ReadContent(const std::string& name, const struct stat& status) {
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    const Descriptor file(OpenDespiteLease([&] {
      cancel_.Checkpoint();
      return Retry([&] { return openat(Fd(), name.c_str(), flags); });
    }));
    if (!file.IsOpen()) FailScan(Problem::kOpen);
    struct stat opened {};
    if (fstat(file.Get(), &opened) != 0) FailScan(Problem::kStat);
    if (!Same(status, opened)) throw ScanChanged{};
    const auto size = static_cast<size_t>(status.st_size);
    text_.resize(size + 1);
    // In one call, but where a file system gives less; one byte more than there should be says that it grew.
    size_t filled = 0;
    for (ssize_t got = 1; got > 0 && filled <= size; filled += static_cast<size_t>(got)) {
      got = Retry([&] {
        return pread(file.Get(), text_.data() + filled, size + 1 - filled, static_cast<off_t>(filled));
      });
      if (got < 0) FailScan(Problem::kRead);
    }
    if (filled != size) throw ScanChanged{};
    text_.resize(size);
  }

  static uint32_t Pack(const ScanFault& fault) {
    return static_cast<uint32_t>(fault.problem) << 16 | static_cast<uint32_t>(fault.error & 0xffff);
  }

  void Append(std::string_view name, const struct stat& status, const ScanFault& fault) {
    const bool good = fault.problem == Problem::kNone;
    const std::string_view text = good ? std::string_view(text_) : "";
    const std::string_view xattrs = good ? xattrs_.Packed() : "";
    const uint32_t words[kWords] = {
        status.st_mode,
        static_cast<uint32_t>(status.st_nlink),
        status.st_uid,
        status.st_gid,
        major(status.st_rdev),
        minor(status.st_rdev),
        static_cast<uint32_t>(status.st_mtim.tv_nsec),
        Pack(fault),
        static_cast<uint32_t>(name.size()),
        static_cast<uint32_t>(text.size()),
        good ? xattrs_.Count() : 0,
        static_cast<uint32_t>(xattrs.size()),
    };
    const FileIdentity identity = FileIdentity::Of(status);
    const int64_t longs[] = {identity.dev,      identity.ino,      identity.size,
                             identity.mtime_ns, identity.ctime_ns, status.st_mtim.tv_sec};
    AppendBytes(words, sizeof words);
    AppendBytes(longs, sizeof longs);
    AppendBytes(name.data(), name.size());
    AppendBytes(text.data(), text.size());
    AppendBytes(xattrs.data(), xattrs.size());
    bytes_.resize((bytes_.size() + kAlignment - 1) / kAlignment * kAlignment);
  }

  void AppendBytes(const void* data, size_t size) {
    const auto* first = static_cast<const uint8_t*>(data);
    bytes_.insert(bytes_.end(), first, first + size);
  }

  /// Of the record at a place, when more is known than when it was written.
  void SetProblem(size_t at, const ScanFault& fault) {
    const uint32_t packed = Pack(fault);
    std::memcpy(bytes_.data() + at + kProblemWord * sizeof packed, &packed, sizeof packed);
  }

  static constexpr size_t kWords = 12;
  static constexpr size_t kProblemWord = 7;
  static constexpr size_t kAlignment = 8;

  const ScanOptions& options_;
  const CancelFlag& cancel_;
  OpenDirectory directory_;
  bool is_read_ = false;  // from its beginning, so that it must be again for the next attempt
  std::string text_;      // of the entry at hand: a symlink's target, or a small file's content
  ScanXattrs xattrs_;     // of the entry at hand
  std::vector<uint8_t> bytes_;
};

}  // namespace

std::vector<uint8_t> ScanDirectory(const std::string& path, const std::optional<InodeNumber>& expected,
                                   const ScanOptions& options, const CancelFlag& cancel) {
  return Scanner(path, options, cancel).Read(expected);
}

}  // namespace composefs

#include "scan.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "errors.h"
#include "output.h"
#include "source_file.h"

namespace composefs {
namespace {

/// How often an entry, or a directory, that changes while it is read is read again.
constexpr int kAttempts = 4;
constexpr size_t kLinkLimit = 4095;
/// Nearly all lists and values fit into the first; no more than the second leaves the kernel
/// (XATTR_SIZE_MAX).
constexpr size_t kXattrSizes[] = {1024, 65536};
/// What an image takes for an inode's attributes: once, and for each besides its name and value.
constexpr size_t kXattrsOverhead = 12;
constexpr size_t kXattrOverhead = 7;
constexpr long kListXattrAt = 465;  // of all architectures; headers before Linux 6.13 do not have it

struct Fault {
  Problem problem = Problem::kNone;
  int error = 0;
};

/// Thrown within this file, where an entry cannot be read as one state.
struct Changed {};

[[noreturn]] void Fail(Problem problem) {
  // What is gone, or is another kind of file now, was something else a moment ago.
  if (errno == ENOENT || errno == ENODATA || errno == ELOOP || errno == ENXIO || errno == ESTALE)
    throw Changed{};
  throw Fault{problem, errno};
}

template <typename Call>
auto Retry(Call call) {
  decltype(call()) result;
  do result = call();
  while (result < 0 && errno == EINTR);
  return result;
}

bool Same(const struct stat& a, const struct stat& b) {
  const auto same_time = [](const timespec& x, const timespec& y) {
    return x.tv_sec == y.tv_sec && x.tv_nsec == y.tv_nsec;
  };
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_mode == b.st_mode && a.st_size == b.st_size &&
         same_time(a.st_mtim, b.st_mtim) && same_time(a.st_ctim, b.st_ctim);
}

class Scanner {
 public:
  Scanner(const std::string& path, const ScanOptions& options, const CancelFlag& cancel)
      : options_(options), cancel_(cancel), scratch_(new char[kXattrSizes[1]]) {
    const int fd = static_cast<int>(Retry(
        [&] { return open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); }));
    if (fd < 0) ThrowErrno("open");
    directory_.reset(fdopendir(fd));
    if (!directory_) {
      close(fd);
      ThrowErrno("open");
    }
    prefix_ = "/proc/self/fd/" + std::to_string(fd) + "/";
  }

  std::vector<uint8_t> Read(const std::optional<InodeNumber>& expected) {
    for (int attempt = 0; attempt < kAttempts; attempt++) {
      const struct stat before = OwnStatus();
      if (expected && (before.st_dev != expected->device || before.st_ino != expected->inode)) break;
      bytes_.clear();
      const Fault fault = ReadAll(before);
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
  struct CloseDirectory {
    void operator()(DIR* directory) const { closedir(directory); }
  };

  int Fd() const { return dirfd(directory_.get()); }

  struct stat OwnStatus() const {
    struct stat status {};
    if (fstat(Fd(), &status) != 0) ThrowErrno("fstat");
    return status;
  }

  Fault ReadAll(const struct stat& own) {
    Fault fault;
    try {
      text_.clear();
      xattr_count_ = 0;
      xattrs_.clear();
      if (options_.xattrs) ReadXattrs(".");
    } catch (const Fault& thrown) {
      fault = thrown;
    } catch (const Changed&) {
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
      if (entry == nullptr) return errno == 0 ? Fault{} : Fault{Problem::kReadDirectory, errno};
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      if (++count > options_.entry_limit) return {Problem::kEntryLimit};
      ReadEntry(std::string(name));
    }
  }

  void ReadEntry(const std::string& name) {
    struct stat status {};
    Fault fault{Problem::kChanged};
    for (int attempt = 0; attempt < kAttempts && fault.problem == Problem::kChanged; attempt++) {
      try {
        ReadEntryOnce(name, status);
        fault = {};
      } catch (const Fault& thrown) {
        fault = thrown;
      } catch (const Changed&) {
      }
    }
    Append(name, status, fault);
  }

  /// One attempt. A directory's attributes are read with what is in it.
  void ReadEntryOnce(const std::string& name, struct stat& status) {
    text_.clear();
    xattr_count_ = 0;
    xattrs_.clear();
    status = StatusOf(name);
    if (S_ISDIR(status.st_mode)) return;
    if (S_ISLNK(status.st_mode)) ReadLink(name);
    const auto size = static_cast<uint64_t>(status.st_size);
    if (S_ISREG(status.st_mode) && size > 0 && size <= options_.inline_limit) ReadContent(name, status);
    if (options_.xattrs) ReadXattrs(name);
    const bool read_more = !text_.empty() || xattr_count_ > 0;
    if (read_more && !Same(status, StatusOf(name))) throw Changed{};
  }

  struct stat StatusOf(const std::string& name) const {
    struct stat status {};
    if (Retry([&] { return fstatat(Fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW); }) != 0)
      Fail(Problem::kStat);
    return status;
  }

  void ReadLink(const std::string& name) {
    char target[kLinkLimit + 1];
    const ssize_t size = readlinkat(Fd(), name.c_str(), target, sizeof target);
    if (size < 0 && errno == EINVAL) throw Changed{};  // no symlink any more
    if (size < 0) Fail(Problem::kReadLink);
    if (static_cast<size_t>(size) > kLinkLimit) throw Fault{Problem::kReadLink, ENAMETOOLONG};
    text_.assign(target, static_cast<size_t>(size));
  }

  void ReadContent(const std::string& name, const struct stat& status) {
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    const Descriptor file(static_cast<int>(Retry([&] { return openat(Fd(), name.c_str(), flags); })));
    if (!file.IsOpen()) Fail(Problem::kOpen);
    struct stat opened {};
    if (fstat(file.Get(), &opened) != 0) Fail(Problem::kStat);
    if (!Same(status, opened)) throw Changed{};
    const auto size = static_cast<size_t>(status.st_size);
    text_.resize(size + 1);
    // In one call, but where a file system gives less; one byte more than there should be says that it grew.
    size_t filled = 0;
    for (ssize_t got = 1; got > 0 && filled <= size; filled += static_cast<size_t>(got)) {
      got = Retry([&] {
        return pread(file.Get(), text_.data() + filled, size + 1 - filled, static_cast<off_t>(filled));
      });
      if (got < 0) Fail(Problem::kRead);
    }
    if (filled != size) throw Changed{};
    text_.resize(size);
  }

  /// Of a name in the directory; "." is the directory itself.
  void ReadXattrs(const std::string& file) {
    const ssize_t size = Grow([&](size_t room) { return ListXattrs(file, room); });
    if (size < 0 && (errno == ENOTSUP || errno == ENOSYS)) return;
    if (size < 0) Fail(Problem::kListXattr);
    if (size == 0) return;
    const std::string path = PathOf(file);
    // Copied: the values go through the scratch bytes too.
    const std::string names(scratch_.get(), static_cast<size_t>(size));
    size_t total = kXattrsOverhead;
    for (size_t at = 0; at < names.size();) {
      const std::string name = names.c_str() + at;
      at += name.size() + 1;
      if (options_.user_xattrs_only && !name.starts_with("user.")) continue;
      const std::span<const char> value = ReadXattr(path, name);
      total += kXattrOverhead + name.size() + value.size();
      if (total > options_.xattr_limit) throw Fault{Problem::kXattrLimit};
      AddXattr(name, value);
    }
  }

  /// By the call of Linux 6.13, which saves the way through /proc for each name, where there is it.
  ssize_t ListXattrs(const std::string& file, size_t room) {
    static std::atomic<bool> is_missing = false;
    if (!is_missing) {
      const ssize_t size =
          syscall(kListXattrAt, Fd(), file.c_str(), AT_SYMLINK_NOFOLLOW, scratch_.get(), room);
      // Filters of containers refuse calls that they do not know.
      if (size >= 0 || (errno != ENOSYS && errno != EPERM)) return size;
      is_missing = true;
    }
    return llistxattr(PathOf(file).c_str(), scratch_.get(), room);
  }

  /// For calls that have no form with a descriptor.
  std::string PathOf(const std::string& file) {
    // Without /proc every name would look as if it had vanished.
    if (!std::exchange(has_proc_, true) && access(prefix_.c_str(), F_OK) != 0)
      throw SystemFailure{errno, "access /proc/self/fd"};
    return prefix_ + file;
  }

  std::span<const char> ReadXattr(const std::string& path, const std::string& name) {
    const ssize_t size =
        Grow([&](size_t room) { return lgetxattr(path.c_str(), name.c_str(), scratch_.get(), room); });
    if (size < 0) Fail(Problem::kGetXattr);
    return {scratch_.get(), static_cast<size_t>(size)};
  }

  template <typename Call>
  ssize_t Grow(Call call) {
    ssize_t size = -1;
    for (const size_t room : kXattrSizes) {
      size = Retry([&] { return call(room); });
      if (size >= 0 || errno != ERANGE) break;
    }
    return size;
  }

  void AddXattr(const std::string& name, std::span<const char> value) {
    const uint32_t lengths[] = {static_cast<uint32_t>(name.size()), static_cast<uint32_t>(value.size())};
    xattrs_.append(reinterpret_cast<const char*>(lengths), sizeof lengths);
    xattrs_.append(name);
    xattrs_.append(value.data(), value.size());
    xattr_count_++;
  }

  static uint32_t Pack(const Fault& fault) {
    return static_cast<uint32_t>(fault.problem) << 16 | static_cast<uint32_t>(fault.error & 0xffff);
  }

  void Append(std::string_view name, const struct stat& status, const Fault& fault) {
    const bool good = fault.problem == Problem::kNone;
    const std::string_view text = good ? std::string_view(text_) : "";
    const std::string_view xattrs = good ? std::string_view(xattrs_) : "";
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
        good ? xattr_count_ : 0,
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
  void SetProblem(size_t at, const Fault& fault) {
    const uint32_t packed = Pack(fault);
    std::memcpy(bytes_.data() + at + kProblemWord * sizeof packed, &packed, sizeof packed);
  }

  static constexpr size_t kWords = 12;
  static constexpr size_t kProblemWord = 7;
  static constexpr size_t kAlignment = 8;

  const ScanOptions& options_;
  const CancelFlag& cancel_;
  std::unique_ptr<DIR, CloseDirectory> directory_;
  std::string prefix_;               // names the open directory
  bool has_proc_ = false;            // as far as it was needed
  bool is_read_ = false;             // from its beginning, so that it must be again for the next attempt
  std::unique_ptr<char[]> scratch_;  // what a call for attributes answers
  std::string text_;                 // of the entry at hand: a symlink's target, or a small file's content
  std::string xattrs_;               // of the entry at hand, packed
  uint32_t xattr_count_ = 0;
  std::vector<uint8_t> bytes_;
};

}  // namespace

std::vector<uint8_t> ScanDirectory(const std::string& path, const std::optional<InodeNumber>& expected,
                                   const ScanOptions& options, const CancelFlag& cancel) {
  return Scanner(path, options, cancel).Read(expected);
}

}  // namespace composefs

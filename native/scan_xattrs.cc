#include "scan_xattrs.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <utility>

#include "errors.h"
#include "scan_fault.h"

namespace composefs {
namespace {

/// Nearly all lists and values fit into the first; no more than the second leaves the kernel
/// (XATTR_SIZE_MAX).
constexpr size_t kSizes[] = {1024, 65536};
/// What an image takes for an inode's attributes: once, and for each besides its name and value.
constexpr size_t kOverhead = 12;
constexpr size_t kOverheadOfEach = 7;
constexpr long kListXattrAt = 465;  // of all architectures; headers before Linux 6.13 do not have it

template <typename Call>
ssize_t CallWithRoom(Call call) {
  ssize_t size = -1;
  for (const size_t room : kSizes) {
    size = Retry([&] { return call(room); });
    if (size >= 0 || errno != ERANGE) break;
  }
  return size;
}

}  // namespace

ScanXattrs::ScanXattrs(int directory, const ScanOptions& options)
    : directory_(directory),
      options_(options),
      prefix_("/proc/self/fd/" + std::to_string(directory) + "/"),
      scratch_(new char[kSizes[1]]) {}

void ScanXattrs::Clear() {
  packed_.clear();
  count_ = 0;
}

void ScanXattrs::Read(const std::string& file) {
  const ssize_t size = CallWithRoom([&](size_t room) { return List(file, room); });
  if (size < 0 && (errno == ENOTSUP || errno == ENOSYS)) return;
  if (size < 0) FailScan(Problem::kListXattr);
  if (size == 0) return;
  const std::string path = PathOf(file);
  // Copied: the values go through the scratch bytes too.
  const std::string names(scratch_.get(), static_cast<size_t>(size));
  size_t total = kOverhead;
  for (size_t at = 0; at < names.size();) {
    const std::string name = names.c_str() + at;
    at += name.size() + 1;
    if (options_.user_xattrs_only && !name.starts_with("user.")) continue;
    const std::span<const char> value = Value(path, name);
    total += kOverheadOfEach + name.size() + value.size();
    if (total > options_.xattr_limit) throw ScanFault{Problem::kXattrLimit};
    Add(name, value);
  }
}

/// By the call of Linux 6.13, which saves the way through /proc for each name, where there is it.
ssize_t ScanXattrs::List(const std::string& file, size_t room) {
  static std::atomic<bool> is_missing = false;
  if (!is_missing) {
    const ssize_t size =
        syscall(kListXattrAt, directory_, file.c_str(), AT_SYMLINK_NOFOLLOW, scratch_.get(), room);
    // Filters of containers refuse calls that they do not know.
    if (size >= 0 || (errno != ENOSYS && errno != EPERM)) return size;
    is_missing = true;
  }
  return llistxattr(PathOf(file).c_str(), scratch_.get(), room);
}

std::span<const char> ScanXattrs::Value(const std::string& path, const std::string& name) {
  const ssize_t size =
      CallWithRoom([&](size_t room) { return lgetxattr(path.c_str(), name.c_str(), scratch_.get(), room); });
  if (size < 0) FailScan(Problem::kGetXattr);
  return {scratch_.get(), static_cast<size_t>(size)};
}

/// For calls that have no form with a descriptor.
std::string ScanXattrs::PathOf(const std::string& file) {
  // Without /proc every name would look as if it had vanished.
  if (!std::exchange(has_proc_, true) && access(prefix_.c_str(), F_OK) != 0)
    throw SystemFailure{errno, "access /proc/self/fd"};
  return prefix_ + file;
}

void ScanXattrs::Add(const std::string& name, std::span<const char> value) {
  const uint32_t lengths[] = {static_cast<uint32_t>(name.size()), static_cast<uint32_t>(value.size())};
  packed_.append(reinterpret_cast<const char*>(lengths), sizeof lengths);
  packed_.append(name);
  packed_.append(value.data(), value.size());
  count_++;
}

}  // namespace composefs

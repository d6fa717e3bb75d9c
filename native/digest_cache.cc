#include "digest_cache.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cstring>
#include <ctime>

#include "errors.h"

namespace composefs {
namespace {

// The file: a header, then entries. It is for this machine alone: device numbers mean nothing elsewhere.
struct Header {
  char magic[8];
  uint64_t count;
  uint64_t check;  // of the entries
};
constexpr char kMagic[8] = {'c', 'f', 's', 'd', 'i', 'g', '0', '2'};
static_assert(sizeof(Header) == 24);

constexpr size_t kMaxEntries = 1 << 20;
constexpr const char* kTemporaryName = "digests";
/// No file system's times are coarser (FAT: two seconds).
constexpr int64_t kSettledNs = 2'000'000'000;

/// FNV-1a, over words: against torn files, not against malice.
uint64_t CheckOf(std::span<const uint8_t> bytes) {
  uint64_t check = 0xcbf29ce484222325U;
  for (size_t at = 0; at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, sizeof(word));
    check = (check ^ word) * 0x100000001b3U;
    check ^= check >> 32;
  }
  return check;
}

bool ReadAll(int file, std::span<uint8_t> bytes, off_t at) {
  while (!bytes.empty()) {
    const ssize_t size = pread(file, bytes.data(), bytes.size(), at);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(size));
    at += size;
  }
  return true;
}

bool WriteAll(int file, std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t size = write(file, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(size));
  }
  return true;
}

constexpr unsigned kLoopMajor = 7;
constexpr decltype(statfs::f_type) kXfsMagic = 0x58465342;

template <typename T>
std::span<uint8_t> BytesOf(std::vector<T>& values) {
  return {reinterpret_cast<uint8_t*>(values.data()), values.size() * sizeof(T)};
}

}  // namespace

bool HasOwnTimes(int file) {
  struct statfs system {};
  struct stat status {};
  if (fstatfs(file, &system) != 0 || fstat(file, &status) != 0) return false;
  if ((system.f_flags & ST_RDONLY) != 0 || major(status.st_dev) == kLoopMajor) return false;
  switch (system.f_type) {
    case EXT4_SUPER_MAGIC:
    case kXfsMagic:
    case BTRFS_SUPER_MAGIC:
    case F2FS_SUPER_MAGIC:
    case TMPFS_MAGIC:
      return true;
    default:
      return false;
  }
}

void DigestCache::Load(int folder, const char* name) {
  const Descriptor file(openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status {};
  if (!file.IsOpen() || fstat(file.Get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  const bool ours = (status.st_uid == geteuid() || status.st_uid == 0) && (status.st_mode & 022) == 0;
  Header header{};
  std::span<uint8_t> start(reinterpret_cast<uint8_t*>(&header), sizeof(header));
  if (!ours || !ReadAll(file.Get(), start, 0) || std::memcmp(header.magic, kMagic, 8) != 0) return;
  if (header.count > kMaxEntries) return;
  if (static_cast<uint64_t>(status.st_size) != sizeof(header) + header.count * sizeof(Entry)) return;
  std::vector<Entry> entries(header.count);
  const std::span<uint8_t> bytes = BytesOf(entries);
  if (!ReadAll(file.Get(), bytes, sizeof(header)) || CheckOf(bytes) != header.check) return;
  const std::lock_guard lock(mutex_);
  entries_.reserve(entries.size());
  for (const Entry& entry : entries) entries_[{entry.identity.dev, entry.identity.ino}] = entry;
}

void DigestCache::Save(int staging, int folder, const char* name) noexcept {
  const auto save = [&] {
    const std::lock_guard lock(mutex_);
    if (!changed_ || entries_.size() > kMaxEntries) return;
    std::vector<Entry> entries;
    entries.reserve(entries_.size());
    for (const auto& [file, entry] : entries_) entries.push_back(entry);
    const std::span<uint8_t> bytes = BytesOf(entries);
    Header header{{}, entries.size(), CheckOf(bytes)};
    std::memcpy(header.magic, kMagic, sizeof(kMagic));
    constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const Descriptor file(openat(staging, kTemporaryName, kFlags, 0600));
    const std::span<const uint8_t> start(reinterpret_cast<const uint8_t*>(&header), sizeof(header));
    const bool whole = file.IsOpen() && WriteAll(file.Get(), start) && WriteAll(file.Get(), bytes);
    if (!whole || renameat(staging, kTemporaryName, folder, name) != 0) unlinkat(staging, kTemporaryName, 0);
    changed_ = false;
  };
  static_cast<void>(Attempt(save));
}

std::optional<Digest> DigestCache::Find(const FileIdentity& identity) const {
  const std::lock_guard lock(mutex_);
  const auto at = entries_.find({identity.dev, identity.ino});
  if (at == entries_.end() || at->second.identity != identity) return std::nullopt;
  return at->second.digest;
}

int64_t DigestCache::Now() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

void DigestCache::Add(const FileIdentity& identity, const Digest& digest, int64_t read_ns) {
  const int64_t settled = read_ns - kSettledNs;
  if (identity.ctime_ns > settled || identity.mtime_ns > settled) return;
  const std::lock_guard lock(mutex_);
  entries_[{identity.dev, identity.ino}] = {identity, digest};
  changed_ = true;
}

}  // namespace composefs

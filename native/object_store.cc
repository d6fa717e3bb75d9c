#include "object_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "errors.h"
#include "fsverity.h"
#include "hash_file.h"
#include "rename_new.h"

namespace composefs {
namespace {

/// When all has long been written: Linux does that with what is older than 30 seconds, file systems with
/// their logs too (sysctl vm.dirty_expire_centisecs, commit=), and disks that are slow get their time.
constexpr time_t kWrittenBackSeconds = 300;

void MakeRoot(const StoreOptions& options) {
  if (mkdir(options.path.c_str(), options.folder_mode) != 0) {
    const int error = errno;
    // What is wrong with a folder that is there, open() will say; not every file system looks for it first.
    if (error == EEXIST || (error == EROFS && access(options.path.c_str(), F_OK) == 0)) return;
    errno = error;
    ThrowErrno("mkdir", options.path);
  }
  if (chmod(options.path.c_str(), options.folder_mode) != 0) ThrowErrno("chmod", options.path);
  const bool owned = options.uid != static_cast<uid_t>(-1) || options.gid != static_cast<gid_t>(-1);
  if (owned && chown(options.path.c_str(), options.uid, options.gid) != 0) ThrowErrno("chown", options.path);
}

bool SameBytes(const MeasuredDigest& measured, const Digest& digest) {
  return measured.algorithm == HashAlgorithm::kSha256 && std::ranges::equal(measured.bytes, digest);
}

bool HasDigest(const FileName& object, const Digest& digest, Trust trust, const CancelFlag& cancel) {
  if (trust == Trust::kVerity)
    if (const auto measured = MeasureVerity(object.file.Get())) return SameBytes(*measured, digest);
  VerityHasher hasher;
  HashFile(SourceFile(object, cancel), hasher, cancel);
  return hasher.Finish() == digest;
}

}  // namespace

std::string ObjectName(const Digest& digest) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string name;
  name.reserve(65);
  for (size_t i = 0; i < digest.size(); ++i) {
    if (i == 1) name += '/';
    name += kDigits[digest[i] >> 4];
    name += kDigits[digest[i] & 15];
  }
  return name;
}

ObjectStore::ObjectStore(StoreOptions options) : options_(std::move(options)) {
  if (options_.create) MakeRoot(options_);
  root_ = Descriptor(open(options_.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root_.IsOpen()) ThrowErrno("open", options_.path);
  struct stat status {};
  if (fstat(root_.Get(), &status) != 0) ThrowErrno("fstat", options_.path);
  root_owner_ = status.st_uid;
}

// Objects that are there.

void ObjectStore::CheckOwner(const struct stat& status, const std::string& name) const {
  const uid_t owner = status.st_uid;
  const bool any = options_.uid == static_cast<uid_t>(-1);
  const bool ours = any ? owner == root_owner_ || owner == 0 || owner == geteuid() : owner == options_.uid;
  if (!ours) throw RuleFailure{"object-owner", PathOf(name)};
}

/// Whether an object that is there may not be on the disk: of who gave it its name lately, nobody knows if it
/// synced that, will do so, or is dead. The kernel writes what is older by itself.
bool ObjectStore::MayBeUnsynced(const struct stat& status) const {
  return options_.sync != Sync::kNever && status.st_ctim.tv_sec > time(nullptr) - kWrittenBackSeconds;
}

/// Whether there is such a folder, and it is none that leads elsewhere.
bool ObjectStore::FolderExists(const std::string& folder) {
  const auto index = static_cast<size_t>(std::stoi(folder, nullptr, 16));
  {
    const std::lock_guard lock(mutex_);
    if (folders_[index]) return true;
  }
  struct stat status {};
  if (fstatat(root_.Get(), folder.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return false;
    ThrowErrno("stat", PathOf(folder));
  }
  if (!S_ISDIR(status.st_mode)) throw RuleFailure{"object-type", PathOf(folder)};
  CheckOwner(status, folder);
  const std::lock_guard lock(mutex_);
  return folders_[index] = true;
}

void ObjectStore::SetOwner(int folder, const std::string& name) const {
  const bool owned = options_.uid != static_cast<uid_t>(-1) || options_.gid != static_cast<gid_t>(-1);
  if (owned && fchownat(folder, name.c_str(), options_.uid, options_.gid, AT_SYMLINK_NOFOLLOW) != 0)
    ThrowErrno("chown", PathOf(name));
}

/// Like an object, a folder gets its name when it is as it is to be.
void ObjectStore::MakeFolder(const std::string& folder) {
  if (FolderExists(folder)) return;
  const std::string name = std::to_string(next_name_++);
  const int staging = staging_.file.Get();
  if (mkdirat(staging, name.c_str(), 0700) != 0) ThrowErrno("mkdir", staging_.path);
  const auto failure = Attempt([&] {
    SetOwner(staging, name);
    if (fchmodat(staging, name.c_str(), options_.folder_mode, 0) != 0) ThrowErrno("chmod", PathOf(folder));
    if (RenameNoReplace(staging, name.c_str(), root_.Get(), folder.c_str()) == 0) return;
    if (errno == EEXIST) return;
    if (errno != EINVAL && errno != ENOSYS) ThrowErrno("rename", PathOf(folder));
    // A file system that cannot rename so: who dies between these calls leaves a folder that is not as it
    // should be.
    if (mkdirat(root_.Get(), folder.c_str(), 0700) != 0) {
      if (errno != EEXIST) ThrowErrno("mkdir", PathOf(folder));
      return;
    }
    SetOwner(root_.Get(), folder);
    if (fchmodat(root_.Get(), folder.c_str(), options_.folder_mode, 0) != 0)
      ThrowErrno("chmod", PathOf(folder));
  });
  unlinkat(staging, name.c_str(), AT_REMOVEDIR);
  if (failure) Rethrow(*failure);
  FolderExists(folder);
}

std::optional<struct stat> ObjectStore::Look(const Digest& digest) {
  const std::string name = ObjectName(digest);
  struct stat status {};
  if (!FolderExists(name.substr(0, 2))) return std::nullopt;
  if (fstatat(root_.Get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    ThrowErrno("stat", PathOf(name));
  }
  if (!S_ISREG(status.st_mode)) throw RuleFailure{"object-type", PathOf(name)};
  CheckOwner(status, name);
  return status;
}

void ObjectStore::NeedFound(const Digest& digest, const struct stat& status) {
  if (!MayBeUnsynced(status)) return;
  const std::lock_guard lock(mutex_);
  pending_.push_back({digest, {}, static_cast<uint64_t>(status.st_size), false, {}, Step::kFound});
}

Descriptor ObjectStore::Open(const Digest& digest) {
  const std::string name = ObjectName(digest);
  if (!FolderExists(name.substr(0, 2))) throw SystemFailure{ENOENT, "open", PathOf(name)};
  Descriptor file(openat(root_.Get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.IsOpen()) {
    if (errno == ELOOP) throw RuleFailure{"object-type", PathOf(name)};
    ThrowErrno("open", PathOf(name));
  }
  struct stat status {};
  if (fstat(file.Get(), &status) != 0) ThrowErrno("fstat", PathOf(name));
  if (!S_ISREG(status.st_mode)) throw RuleFailure{"object-type", PathOf(name)};
  CheckOwner(status, name);
  return file;
}

bool ObjectStore::IsSound(const Digest& digest, std::optional<uint64_t> size, Trust trust,
                          const CancelFlag& cancel) {
  const std::optional<struct stat> status = Look(digest);
  return status && IsSound(digest, *status, size, trust, cancel);
}

bool ObjectStore::IsSound(const Digest& digest, const struct stat& status, std::optional<uint64_t> size,
                          Trust trust, const CancelFlag& cancel) {
  if (size && static_cast<uint64_t>(status.st_size) != *size) return false;
  if (trust == Trust::kSize) return true;
  FileName object;
  object.file = Open(digest);
  try {
    return About(PathOf(ObjectName(digest)), [&] { return HasDigest(object, digest, trust, cancel); });
  } catch (const SystemFailure& failure) {
    if (failure.error == EIO) return false;  // what cannot be read is as bad as what is wrong
    throw;
  }
}

// fs-verity.

void ObjectStore::Seal(StagedFile& file, const Digest& digest) {
  if (options_.verity == VerityPolicy::kOff || no_verity_) return;
  const Descriptor open = file.OpenForReading();
  CheckSeal(open.Get(), digest, staging_.path + "/" + file.Name());
}

Trust ObjectStore::TrustOfExisting() const {
  return options_.verity == VerityPolicy::kRequire ? std::max(options_.trust, Trust::kVerity)
                                                   : options_.trust;
}

void ObjectStore::SealExisting(const Digest& digest) {
  if (options_.verity != VerityPolicy::kRequire) return;
  CheckSeal(Open(digest).Get(), digest, PathOf(ObjectName(digest)));
}

void ObjectStore::CheckSeal(int file, const Digest& digest, const std::string& path) {
  if (About(path, [file] { return EnableVerity(file); }) == Enabled::kUnsupported) {
    if (options_.verity == VerityPolicy::kRequire) throw RuleFailure{"verity-unsupported", options_.path};
    no_verity_ = true;
    return;
  }
  const auto measured = About(path, [file] { return MeasureVerity(file); });
  if (!measured || !SameBytes(*measured, digest)) throw RuleFailure{"verity-digest", path};
}

bool ObjectStore::IsClonable(dev_t device) {
  const std::lock_guard lock(mutex_);
  return std::ranges::find(unclonable_, device) == unclonable_.end();
}

void ObjectStore::SetUnclonable(dev_t device) {
  const std::lock_guard lock(mutex_);
  unclonable_.push_back(device);
}

}  // namespace composefs

// The part of ObjectStore that begins and ends writing: the lock, and the folder of this writer.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "errors.h"
#include "object_store.h"
#include "random_name.h"

namespace composefs {
namespace {

constexpr int kNameAttempts = 100;
constexpr const char* kLockName = ".lock";
constexpr const char* kCacheName = ".digests";

}  // namespace

bool ObjectStore::BeginWriting() {
  const std::lock_guard lock(opening_);
  return Begin();
}

bool ObjectStore::Enter() {
  const std::lock_guard lock(opening_);
  if (!Begin()) return false;
  ++writers_;
  return true;
}

void ObjectStore::Leave() {
  const std::lock_guard lock(opening_);
  --writers_;
}

bool ObjectStore::Begin() {
  if (alone_) return false;
  if (writing_) return true;
  if (!TakeLock()) return false;
  try {
    if (options_.cache) cache_.Load(root_.Get(), kCacheName);
    MakeStagingFolder();
  } catch (...) {
    lock_ = Descriptor();
    throw;
  }
  return writing_ = true;
}

bool ObjectStore::TakeLock() {
  lock_ = Descriptor(openat(root_.Get(), kLockName, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!lock_.IsOpen()) ThrowErrno("open", PathOf(kLockName));
  if (flock(lock_.Get(), LOCK_SH | LOCK_NB) == 0) return true;
  if (errno != EWOULDBLOCK) ThrowErrno("flock", PathOf(kLockName));
  return false;
}

void ObjectStore::MakeStagingFolder() {
  for (int attempt = 0; attempt < kNameAttempts; ++attempt) {
    std::string name = RandomName(".tmp-");
    std::string path = PathOf(name);
    if (mkdirat(root_.Get(), name.c_str(), 0700) == 0) {
      Descriptor file(openat(root_.Get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
      if (!file.IsOpen()) {
        const int error = errno;
        unlinkat(root_.Get(), name.c_str(), AT_REMOVEDIR);
        throw SystemFailure{error, "open", std::move(path)};
      }
      staging_name_ = std::move(name);
      staging_.path = std::move(path);
      staging_.file = std::move(file);
      return;
    }
    if (errno != EEXIST) break;
  }
  ThrowErrno("mkdir", options_.path);
}

std::optional<std::string> ObjectStore::LockAlone() {
  const std::lock_guard lock(opening_);
  if (alone_ || writers_ > 0 || HasPending()) return std::nullopt;
  if (!lock_.IsOpen())
    lock_ = Descriptor(openat(root_.Get(), kLockName, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!lock_.IsOpen()) ThrowErrno("open", PathOf(kLockName));
  CheckPlace();
  std::string own = staging_name_;  // before the lock is had: there may be no memory for a copy
  if (!TakeTurn()) return std::nullopt;
  if (flock(lock_.Get(), LOCK_EX | LOCK_NB) == 0) {
    alone_ = true;
    return own;
  }
  const int error = errno;
  // Trying has lost the one that was held. Not a wait: who has it may need the thread that waits.
  if (writing_ && flock(lock_.Get(), LOCK_SH | LOCK_NB) != 0) {
    LetGo();
    writing_ = false;  // the next to write begins anew
  }
  GiveTurn();
  if (error != EWOULDBLOCK) throw SystemFailure{error, "flock", PathOf(kLockName)};
  return std::nullopt;
}

/// Who deletes goes by the path: it must be that of the folder whose lock is taken.
void ObjectStore::CheckPlace() const {
  struct stat own {};
  struct stat named {};
  if (fstat(root_.Get(), &own) != 0 || stat(options_.path.c_str(), &named) != 0)
    ThrowErrno("stat", options_.path);
  if (own.st_dev != named.st_dev || own.st_ino != named.st_ino)
    throw SystemFailure{ENOENT, "stat", options_.path};
}

/// A lock is not changed at once: the one that was held is gone before the other is had, or not (flock(2)).
/// Whoever tried at that moment would have the store alone, and might remove what this writer was told to
/// exist. So only who has the folder locked tries. Where folders cannot be locked (NFS), that may happen.
bool ObjectStore::TakeTurn() {
  return flock(root_.Get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

void ObjectStore::GiveTurn() {
  flock(root_.Get(), LOCK_UN);
}

bool ObjectStore::HasPending() {
  const std::lock_guard lock(mutex_);
  return !pending_.empty();
}

void ObjectStore::Unlock() {
  const std::lock_guard lock(opening_);
  if (!alone_) return;
  alone_ = false;
  if (lock_.IsOpen()) flock(lock_.Get(), writing_ ? LOCK_SH : LOCK_UN);
  GiveTurn();
}

std::unique_ptr<StagedFile> ObjectStore::NewFile() {
  return std::make_unique<StagedFile>(staging_, std::to_string(next_name_++));
}

void ObjectStore::Close() {
  const std::lock_guard lock(opening_);
  {
    const std::lock_guard pending_lock(mutex_);
    Discard(std::exchange(pending_, {}));
  }
  if (!staging_name_.empty()) cache_.Save(staging_.file.Get(), root_.Get(), kCacheName);
  LetGo();
  if (alone_) GiveTurn();
}

void ObjectStore::LetGo() {
  if (!staging_name_.empty()) unlinkat(root_.Get(), staging_name_.c_str(), AT_REMOVEDIR);
  staging_name_.clear();
  lock_ = Descriptor();
}

}  // namespace composefs

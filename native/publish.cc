// The half of ObjectStore that gives objects their names: sync, rename, sync the folders.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "errors.h"
#include "object_store.h"
#include "rename_new.h"
#include "sync_folder.h"

namespace composefs {
namespace {

/// So many calls of fsync cost more than one of syncfs, which also waits for what others have written.
constexpr ptrdiff_t kManyFiles = 8;

constexpr const char* kSync = "fsync";
constexpr const char* kSyncAll = "syncfs";

bool RenameNew(int from_folder, const char* from, int to_folder, const char* to) {
  if (RenameNoReplace(from_folder, from, to_folder, to) == 0) return true;
  if (errno == EEXIST) return false;
  if (errno != EINVAL && errno != ENOSYS) ThrowErrno("rename");
  // A file system that cannot rename so can have two names for a moment.
  if (linkat(from_folder, from, to_folder, to, 0) == 0) {
    unlinkat(from_folder, from, 0);
    return true;
  }
  if (errno == EEXIST) return false;
  ThrowErrno("link");
}

/// Nobody knows what a failed sync has left on the disk, and the next one would not say so (fsync(2)).
bool IsOfSync(const Failure& failure) {
  const auto* system = std::get_if<SystemFailure>(&failure);
  return system != nullptr && (system->call == kSync || system->call == kSyncAll);
}

}  // namespace

void ObjectStore::Flush(const CancelFlag& cancel) {
  {
    const std::lock_guard lock(mutex_);
    if (lost_) Rethrow(*lost_);
    if (pending_.empty()) return;
  }
  const Writing writing(*this);
  if (!writing.IsHad()) return;  // another flush was first: who has the store alone left nothing to do
  std::vector<Staged> staged;
  {
    const std::lock_guard lock(mutex_);
    staged.swap(pending_);
    for (Staged& object : staged) object.claim.Mark(Claims::State::kWriting);
  }
  auto failure = Attempt([&] { Publish(staged, true, cancel); });
  if (!failure) return;
  if (!IsOfSync(*failure)) {
    auto not_put_off = Attempt([&] { LeaveToFlush(staged); });
    if (!not_put_off) Rethrow(*failure);
    failure = std::move(not_put_off);
  }
  Discard(staged);
  const std::lock_guard lock(mutex_);
  lost_ = std::move(failure);
  Rethrow(*lost_);
}

/// For the next flush, also what has its name: that may not be on the disk.
void ObjectStore::LeaveToFlush(std::vector<Staged>& staged) {
  const std::lock_guard lock(mutex_);
  for (Staged& object : staged) {
    object.claim.Mark(Claims::State::kStaged);  // seen by nobody who could flush before it is pending
    pending_.push_back(std::move(object));
  }
  staged.clear();
}

/// All of them, or an error; then some may have their names.
void ObjectStore::Publish(std::vector<Staged>& staged, bool sync, const CancelFlag& cancel) {
  if (staged.empty()) return;
  if (sync) SyncFiles(staged);
  for (Staged& object : staged) {
    if (object.step != Step::kWritten) continue;
    cancel.Checkpoint();
    object.step = GiveName(object, cancel);
  }
  if (sync) SyncNames(staged);
}

ObjectStore::Step ObjectStore::GiveName(const Staged& staged, const CancelFlag& cancel) {
  const std::string name = ObjectName(staged.digest);
  MakeFolder(name.substr(0, 2));
  const auto rename_new = [&] {
    return RenameNew(staging_.file.Get(), staged.name.c_str(), root_.Get(), name.c_str());
  };
  if (!staged.replace && About(PathOf(name), rename_new)) return Step::kNamed;
  // Another process was faster, unless the object is one that is known to be bad.
  if (!staged.replace && IsSound(staged.digest, staged.size, TrustOfExisting(), cancel)) {
    SealExisting(staged.digest);
    unlinkat(staging_.file.Get(), staged.name.c_str(), 0);
    return Step::kFound;
  }
  if (renameat(staging_.file.Get(), staged.name.c_str(), root_.Get(), name.c_str()) != 0)
    ThrowErrno("rename", PathOf(name));
  return Step::kNamed;
}

void ObjectStore::SyncFiles(const std::vector<Staged>& staged) {
  const auto is_written = [](const Staged& object) { return object.step == Step::kWritten; };
  if (std::ranges::count_if(staged, is_written) > kManyFiles) return SyncAll();
  for (const Staged& object : staged) {
    if (!is_written(object)) continue;
    const std::string path = staging_.path + "/" + object.name;
    const Descriptor file(
        openat(staging_.file.Get(), object.name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file.IsOpen()) ThrowErrno("open", path);
    if (fsync(file.Get()) != 0) ThrowErrno(kSync, path);
  }
}

void ObjectStore::SyncFound(const Digest& digest) {
  const std::string name = ObjectName(digest);
  const Descriptor file(openat(root_.Get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.IsOpen() && errno == EACCES) return SyncAll();  // not all who may take it may read it
  if (!file.IsOpen()) ThrowErrno("open", PathOf(name));
  if (fsync(file.Get()) != 0) ThrowErrno(kSync, PathOf(name));
}

/// And what was found under its name.
void ObjectStore::SyncNames(const std::vector<Staged>& staged) {
  if (std::ssize(staged) > kManyFiles) return SyncAll();
  std::set<std::string> folders = {"."};  // in which folders may be new
  for (const Staged& object : staged) {
    if (object.step == Step::kFound) SyncFound(object.digest);
    folders.insert(ObjectName(object.digest).substr(0, 2));
  }
  for (const std::string& folder : folders) {
    const Descriptor file(openat(root_.Get(), folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!file.IsOpen()) ThrowErrno("open", PathOf(folder));
    if (!SyncFolder(file.Get())) ThrowErrno(kSync, PathOf(folder));
  }
}

void ObjectStore::SyncAll() {
  if (syncfs(root_.Get()) != 0) ThrowErrno(kSyncAll, options_.path);
}

/// Those that have their names are not there any more.
void ObjectStore::Discard(const std::vector<Staged>& staged) {
  for (const Staged& object : staged) unlinkat(staging_.file.Get(), object.name.c_str(), 0);
}

}  // namespace composefs

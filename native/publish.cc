// The half of ObjectStore that gives objects their names: sync, rename, sync the folders.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <set>

#include "errors.h"
#include "object_store.h"
#include "rename_new.h"

namespace composefs {
namespace {

/// So many calls of fsync cost more than one of syncfs, which also waits for what others have written.
constexpr size_t kManyFiles = 8;

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

}  // namespace

void ObjectStore::Flush(const CancelFlag& cancel) {
  {
    const std::lock_guard lock(mutex_);
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
  Publish(std::move(staged), true, cancel);
}

/// All of them, or an error; then some may have their names, and what has none is removed.
void ObjectStore::Publish(std::vector<Staged> staged, bool sync, const CancelFlag& cancel) {
  if (staged.empty()) return;
  const auto failure = Attempt([&] {
    if (sync) SyncFiles(staged);
    for (const Staged& object : staged) {
      cancel.Checkpoint();
      GiveName(object, cancel);
    }
    if (sync) SyncFolders(staged);
  });
  if (failure) Discard(staged);  // those that were renamed are not there any more
  if (failure) Rethrow(*failure);
}

void ObjectStore::GiveName(const Staged& staged, const CancelFlag& cancel) {
  const std::string name = ObjectName(staged.digest);
  MakeFolder(name.substr(0, 2));
  const auto rename_new = [&] {
    return RenameNew(staging_.file.Get(), staged.name.c_str(), root_.Get(), name.c_str());
  };
  if (!staged.replace && About(PathOf(name), rename_new)) return;
  // Another process was faster, unless the object is one that is known to be bad.
  if (!staged.replace && IsSound(staged.digest, staged.size, TrustOfExisting(), cancel)) {
    SealExisting(staged.digest);
    unlinkat(staging_.file.Get(), staged.name.c_str(), 0);
    return;
  }
  if (renameat(staging_.file.Get(), staged.name.c_str(), root_.Get(), name.c_str()) != 0)
    ThrowErrno("rename", PathOf(name));
}

void ObjectStore::SyncFiles(const std::vector<Staged>& staged) {
  if (staged.size() > kManyFiles) return SyncAll();
  for (const Staged& object : staged) {
    const std::string path = staging_.path + "/" + object.name;
    const Descriptor file(
        openat(staging_.file.Get(), object.name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!file.IsOpen()) ThrowErrno("open", path);
    if (fsync(file.Get()) != 0) ThrowErrno("fsync", path);
  }
}

void ObjectStore::SyncFolders(const std::vector<Staged>& staged) {
  if (staged.size() > kManyFiles) return SyncAll();
  std::set<std::string> folders = {"."};  // in which folders may be new
  for (const Staged& object : staged) folders.insert(ObjectName(object.digest).substr(0, 2));
  for (const std::string& folder : folders) {
    const Descriptor file(openat(root_.Get(), folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!file.IsOpen()) ThrowErrno("open", PathOf(folder));
    // Some file systems cannot sync a folder: then it needs none.
    if (fsync(file.Get()) != 0 && errno != EINVAL) ThrowErrno("fsync", PathOf(folder));
  }
}

void ObjectStore::SyncAll() {
  if (syncfs(root_.Get()) != 0) ThrowErrno("syncfs", options_.path);
}

void ObjectStore::Discard(const std::vector<Staged>& staged) {
  for (const Staged& object : staged) unlinkat(staging_.file.Get(), object.name.c_str(), 0);
}

}  // namespace composefs

#include "mount_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>

#include "fs_context.h"

namespace composefs {
namespace {

constexpr std::string_view kPrefix = "composefs-mount-";
constexpr const char* kImage = "/image";
constexpr int kAttempts = 100;
constexpr int kLockAttempts = 2000;
constexpr int kPauseMilliseconds = 5;
constexpr int kOpenFolder = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

/// Without memory, too: the destructor calls it.
void Remove(const std::string& folder, const std::string& image) {
  while (UnmountAt(image, true) == 0) continue;
  rmdir(image.c_str());
  rmdir(folder.c_str());
}

/// The lock of a folder of this user's that nobody holds: whoever made it is gone. Not open, if it is none.
Descriptor LockLeftOver(const std::string& folder) {
  Descriptor lock(open(folder.c_str(), kOpenFolder));
  struct stat status {};
  if (!lock.IsOpen() || fstat(lock.Get(), &status) != 0 || status.st_uid != geteuid()) return Descriptor();
  return flock(lock.Get(), LOCK_EX | LOCK_NB) == 0 ? std::move(lock) : Descriptor();
}

void Sweep(const std::string& parent) {
  const std::unique_ptr<DIR, int (*)(DIR*)> list(opendir(parent.c_str()), closedir);
  if (!list) return;
  while (const dirent* entry = readdir(list.get())) {
    if (!std::string_view(entry->d_name).starts_with(kPrefix)) continue;
    const std::string folder = parent + "/" + entry->d_name;
    // Held until the folder is gone: it may be a new one, whose maker is about to lock it.
    const Descriptor lock = LockLeftOver(folder);
    if (lock.IsOpen()) Remove(folder, folder + kImage);
  }
}

}  // namespace

MountFolder::MountFolder(const std::string& parent, const std::string& own) : path_(own) {
  if (own.empty()) {
    MakeTemporary(parent);
    return;
  }
  LockParent();
  if (!BindOntoItself(own)) throw MountFailure{"folder", errno, own};
}

/// Of the folder itself another process would see, and lock, what is mounted at it.
void MountFolder::LockParent() {
  const std::string parent = path_.substr(0, path_.rfind('/') + 1);
  lock_ = Descriptor(open(parent.c_str(), kOpenFolder));
  if (!lock_.IsOpen()) throw MountFailure{"folder", errno, parent};
  for (int attempt = 0; flock(lock_.Get(), LOCK_EX | LOCK_NB) != 0; ++attempt) {
    if (errno != EWOULDBLOCK || attempt == kLockAttempts) throw MountFailure{"folder", errno, parent};
    poll(nullptr, 0, kPauseMilliseconds);
  }
}

void MountFolder::MakeTemporary(const std::string& parent) {
  Sweep(parent);
  for (int attempt = 0; attempt < kAttempts; ++attempt)
    if (TryTemporary(parent)) return;
  throw MountFailure{"folder", EEXIST, parent};
}

/// False if somebody who sweeps took the folder away before it was locked.
bool MountFolder::TryTemporary(const std::string& parent) {
  std::string name = parent + "/" + std::string(kPrefix) + "XXXXXX";
  std::string image = name + kImage;  // before there is anything that would stay
  if (mkdtemp(name.data()) == nullptr) throw MountFailure{"folder", errno, parent};
  image.replace(0, name.size(), name);
  lock_ = Descriptor(open(name.c_str(), kOpenFolder));
  if (lock_.IsOpen() && flock(lock_.Get(), LOCK_EX) == 0 && mkdirat(lock_.Get(), kImage + 1, 0700) == 0) {
    temporary_ = std::move(name);
    path_ = std::move(image);
    return true;
  }
  const int error = errno;
  rmdir(name.c_str());
  if (error != ENOENT && error != ENOTDIR) throw MountFailure{"folder", error, parent};
  return false;
}

MountFolder::~MountFolder() {
  if (!temporary_.empty())
    Remove(temporary_, path_);
  else
    UnmountAt(path_, true);  // the second mount of the caller's folder
}

}  // namespace composefs

#include "fs_context.h"

#include <fcntl.h>
#include <linux/mount.h>  // not <sys/mount.h>: the two cannot stand together in every libc
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

// Numbers and structures that the headers of older systems lack; the kernel may know them all the same. The
// calls are the same on every architecture.
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

namespace composefs {
namespace {

constexpr int kMountDetach = 2;  // MNT_DETACH and UMOUNT_NOFOLLOW of <sys/mount.h>
constexpr int kUnmountNoFollow = 8;
constexpr uint64_t kAttributeIdmap = 0x00100000;  // MOUNT_ATTR_IDMAP
constexpr int kLogLines = 20;

struct MountAttributes {  // struct mount_attr
  uint64_t set;
  uint64_t clear;
  uint64_t propagation;
  uint64_t user_namespace;
};

/// What the kernel has to say of a context: each read gives a line, such as "e overlay: …".
std::string ReadLog(int context) {
  std::string log;
  std::array<char, 1024> line;
  for (int i = 0; i < kLogLines; ++i) {
    const ssize_t size = read(context, line.data(), line.size());
    if (size <= 0) break;
    std::string text(line.data(), static_cast<size_t>(size));
    while (!text.empty() && text.back() == '\n') text.pop_back();
    if (text.starts_with("e ") || text.starts_with("w ")) text.erase(0, 2);
    if (!log.empty()) log += "; ";
    log += text;
  }
  return log;
}

}  // namespace

FsContext::FsContext(const char* type, const char* step)
    : step_(step), context_(static_cast<int>(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC))) {
  if (!context_.IsOpen()) throw MountFailure{step_, errno};
}

void FsContext::Set(const char* key, const std::string& value) {
  Configure(FSCONFIG_SET_STRING, key, value.c_str());
}

void FsContext::SetFlag(const char* key) {
  Configure(FSCONFIG_SET_FLAG, key, nullptr);
}

void FsContext::Create() {
  Configure(FSCONFIG_CMD_CREATE, nullptr, nullptr);
}

void FsContext::Configure(unsigned command, const char* key, const char* value) {
  if (syscall(SYS_fsconfig, context_.Get(), command, key, value, 0) != 0) Fail(errno, key);
}

void FsContext::Fail(int error, const char* key) {
  std::string log = ReadLog(context_.Get());
  if (log.empty() && key != nullptr) log = std::string("the option ") + key + " is refused";
  throw MountFailure{step_, error, std::move(log)};
}

Descriptor FsContext::Mount(bool read_only) {
  Create();
  const unsigned attributes = read_only ? MOUNT_ATTR_RDONLY : 0;
  Descriptor mount(static_cast<int>(syscall(SYS_fsmount, context_.Get(), FSMOUNT_CLOEXEC, attributes)));
  if (!mount.IsOpen()) Fail(errno, nullptr);
  return mount;
}

void MapOwners(const Descriptor& mount, int user_namespace) {
  const MountAttributes attributes{kAttributeIdmap, 0, 0, static_cast<uint64_t>(user_namespace)};
  if (syscall(SYS_mount_setattr, mount.Get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
    throw MountFailure{"idmap", errno};
}

void AttachMount(const Descriptor& mount, const std::string& target) {
  if (syscall(SYS_move_mount, mount.Get(), "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
    throw MountFailure{"target", errno};
}

bool BindOntoItself(const std::string& folder) {
  return syscall(SYS_mount, folder.c_str(), folder.c_str(), nullptr, MS_BIND, nullptr) == 0;
}

int UnmountAt(const std::string& path, bool detach) {
  return static_cast<int>(syscall(SYS_umount2, path.c_str(), kUnmountNoFollow | (detach ? kMountDetach : 0)));
}

}  // namespace composefs

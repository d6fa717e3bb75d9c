#include "image_mount.h"

#include <linux/fsverity.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "fs_context.h"
#include "loop_device.h"
#include "mount_folder.h"

extern "C" {
#include <libcomposefs/lcfs-mount.h>
}

namespace composefs {
namespace {

std::string ByDescriptor(int file) {
  return "/proc/self/fd/" + std::to_string(file);
}

/// Asks the kernel, here and not in libcomposefs: there, "no fs-verity" has the number of another failure
/// (ENOTTY of a loop device), and a digest that is too short is filled up with zeros.
void CheckDigest(int image, const Digest& expected) {
  Digest actual;
  alignas(fsverity_digest) std::array<uint8_t, sizeof(fsverity_digest) + actual.size()> buffer{};
  const auto measured = reinterpret_cast<fsverity_digest*>(buffer.data());
  measured->digest_size = actual.size();
  if (ioctl(image, FS_IOC_MEASURE_VERITY, measured) != 0) throw MountFailure{"measure", errno};
  if (measured->digest_algorithm != FS_VERITY_HASH_ALG_SHA256) throw MountFailure{"measure", EOVERFLOW};
  std::copy_n(measured->digest, actual.size(), actual.begin());
  if (actual != expected) throw MountFailure{"digest", EILSEQ, {}, actual};
}

void CheckUserNamespace(int file) {
  if (ioctl(file, NS_GET_NSTYPE) != CLONE_NEWUSER) throw MountFailure{"idmap-type", EINVAL};
}

Descriptor OpenErofs(int source, bool has_acl) {
  FsContext context("erofs", "image");
  context.Set("source", ByDescriptor(source));
  context.SetFlag("ro");
  if (!has_acl) context.SetFlag("noacl");
  return context.Mount(true);
}

/// An image that EROFS can be mounted from: the file itself, or a loop device over it.
class ErofsSource {
 public:
  ErofsSource(int image, bool has_acl) : file_(image) {
    try {
      mount_ = OpenErofs(file_, has_acl);
    } catch (const MountFailure& failure) {
      if (failure.error != ENOTBLK) throw;
      loop_ = AttachLoopDevice(image);
      file_ = loop_.Get();
      mount_ = OpenErofs(file_, has_acl);
    }
  }

  int File() const { return file_; }
  const Descriptor& Mount() const { return mount_; }
  void CloseMount() { mount_ = Descriptor(); }

 private:
  int file_;
  Descriptor loop_;
  Descriptor mount_;
};

/// Whether overlayfs takes options one by one (Linux 6.5). Before, it takes any, and looks at them in the
/// end.
bool ChecksOptions(FsContext& context) {
  try {
    context.Set("composefs.unknown", "");
  } catch (const MountFailure&) {
    return true;
  }
  return false;
}

/// libcomposefs has an error number only. Asked in the same way, the kernel says more: here with an empty
/// folder in place of the image. Empty, if there is nothing more to say.
std::string ExplainOverlay(const MountRequest& request, const std::string& layer) {
  try {
    FsContext context("overlay", "overlay");
    if (!ChecksOptions(context)) return request.require_verity ? "the option verity is refused" : "";
    if (request.require_verity) context.Set("verity", "require");
    context.Set("metacopy", "on");
    context.Set("redirect_dir", "on");
    context.Set("lowerdir+", layer);
    for (const std::string& folder : request.objects) context.Set("datadir+", folder);
    if (!request.upper.empty()) context.Set("upperdir", request.upper);
    if (!request.work.empty()) context.Set("workdir", request.work);
    context.Create();
  } catch (const MountFailure& failure) {
    return failure.log.find("lowerdir+") == std::string::npos ? failure.log : "";  // not before Linux 6.7
  }
  return {};
}

lcfs_mount_options_s OptionsOf(const MountRequest& request, std::vector<const char*>& objects) {
  for (const std::string& folder : request.objects) objects.push_back(folder.c_str());
  const auto text = [](const std::string& value) { return value.empty() ? nullptr : value.c_str(); };
  lcfs_mount_options_s options{};
  options.objdirs = objects.data();
  options.n_objdirs = objects.size();
  options.upperdir = text(request.upper);
  options.workdir = text(request.work);
  options.idmap_fd = request.user_namespace;
  if (request.require_verity) options.flags |= LCFS_MOUNT_FLAGS_REQUIRE_VERITY;
  if (request.try_verity) options.flags |= LCFS_MOUNT_FLAGS_TRY_VERITY;
  if (request.read_only) options.flags |= LCFS_MOUNT_FLAGS_READONLY;
  if (request.user_namespace >= 0) options.flags |= LCFS_MOUNT_FLAGS_IDMAP;
  return options;
}

void MountOverlay(const MountRequest& request, int source) {
  const MountFolder folder(request.temporary_folder, request.image_mount);
  std::vector<const char*> objects;
  lcfs_mount_options_s options = OptionsOf(request, objects);
  options.image_mountdir = folder.Path().c_str();
  if (lcfs_mount_fd(source, request.target.c_str(), &options) == 0) return;
  const int error = errno;
  throw MountFailure{"overlay", error, ExplainOverlay(request, folder.Path())};
}

}  // namespace

void MountImage(const MountRequest& request, const CancelFlag& cancel) {
  cancel.Checkpoint();
  if (request.digest) CheckDigest(request.image, *request.digest);
  if (request.user_namespace >= 0) CheckUserNamespace(request.user_namespace);
  ErofsSource source(request.image, request.has_acl);
  // Tried before anything is mounted anywhere, so that a namespace that is refused leaves nothing.
  if (request.user_namespace >= 0) MapOwners(source.Mount(), request.user_namespace);
  if (request.objects.empty()) {
    AttachMount(source.Mount(), request.target);
  } else {
    source.CloseMount();
    MountOverlay(request, source.File());
  }
  try {
    cancel.Checkpoint();
  } catch (const Cancelled&) {
    UnmountAt(request.target, true);
    throw;
  }
}

}  // namespace composefs

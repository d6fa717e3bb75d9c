// The folder where libcomposefs mounts an image for the moment in which overlayfs is made from it.
#pragma once

#include <string>

#include "output.h"

namespace composefs {

/// Either a temporary folder of our own, or a folder of the caller's, which is never removed: libcomposefs
/// would remove it, as any folder, when it cannot mount. Whoever makes one with a caller's folder holds a
/// second mount of that folder at it meanwhile, and what is a mount point cannot be removed. There is one at
/// a time for each such folder: mounts that share it would see each other's images.
///
/// A process that is killed leaves its temporary folder, perhaps with an image mounted in it. The next one
/// that makes a folder there takes it away: a folder that nobody holds locked is left over.
class MountFolder {
 public:
  /// In `parent`, or, if `own` is not empty, the folder of that absolute path, which has no symlink at its
  /// end. Throws MountFailure, step "folder".
  MountFolder(const std::string& parent, const std::string& own);
  ~MountFolder();
  MountFolder(const MountFolder&) = delete;
  MountFolder& operator=(const MountFolder&) = delete;

  const std::string& Path() const { return path_; }

 private:
  void LockParent();
  void MakeTemporary(const std::string& parent);
  bool TryTemporary(const std::string& parent);

  std::string path_;
  std::string temporary_;  // the folder that holds path_, if it is our own
  Descriptor lock_;
};

}  // namespace composefs

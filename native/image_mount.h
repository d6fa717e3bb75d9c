// An image becomes a mount. No Node in here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cancel.h"
#include "output.h"
#include "verity.h"

namespace composefs {

struct MountRequest {
  int image = -1;  // an open file
  std::string target;
  std::vector<std::string> objects;  // none: the image alone, as EROFS
  std::string upper;                 // empty: none
  std::string work;
  bool require_verity = false;
  bool try_verity = false;
  std::optional<Digest> digest;  // what the kernel has to say of the image's fs-verity
  bool read_only = false;
  bool has_acl = false;
  int user_namespace = -1;
  std::string image_mount;       // a folder of the caller's, or empty
  std::string temporary_folder;  // where to make one of our own
};

/// Mounts. Throws MountFailure or Cancelled, and has then mounted nothing.
///
/// The mount appears in the mount namespace of the thread that calls this.
void MountImage(const MountRequest& request, const CancelFlag& cancel);

}  // namespace composefs

// A file system on its way to be mounted: the kernel's own mount API (fsopen(2) and what follows it).
#pragma once

#include <optional>
#include <string>

#include "output.h"
#include "verity.h"

namespace composefs {

/// What a mount failed at: a step that src/mount/failure.ts knows, the error number, and the kernel's own
/// words.
struct MountFailure {
  std::string step;
  int error = 0;
  std::string log = {};
  std::optional<Digest> actual = {};  // of an image that is another than the one expected
};

class FsContext {
 public:
  /// Throws MountFailure, as all of these do, with the step that is given here.
  FsContext(const char* type, const char* step);

  void Set(const char* key, const std::string& value);
  void SetFlag(const char* key);
  void Create();

  /// The file system as a mount that is attached nowhere yet, and ends with its descriptor.
  Descriptor Mount(bool read_only);

 private:
  void Configure(unsigned command, const char* key, const char* value);
  [[noreturn]] void Fail(int error, const char* key);

  const char* step_;
  Descriptor context_;
};

/// Shows a detached mount's files to have other owners, by a user namespace.
void MapOwners(const Descriptor& mount, int user_namespace);

/// Makes a detached mount appear at a folder.
void AttachMount(const Descriptor& mount, const std::string& target);

/// A second mount of a folder, at that folder. False, with errno, on failure.
bool BindOntoItself(const std::string& folder);

/// Zero or -1, as umount2(2). A symlink at the path's end is not followed.
int UnmountAt(const std::string& path, bool detach);

}  // namespace composefs

#include "hard_links.h"

#include <sys/stat.h>

#include <cstring>
#include <ctime>
#include <unordered_map>

#include "errors.h"

namespace composefs {
namespace {

void Check(int result, const char* call) {
  if (result < 0) ThrowErrno(call);
}

/// How many directories a node is in.
size_t Depth(lcfs_node_s* node) {
  size_t depth = 0;
  while ((node = lcfs_node_get_parent(node)) != nullptr) ++depth;
  return depth;
}

/// True if a walk (parents first, siblings by their bytes) meets `a` before `b`; neither is a directory.
bool ComesBefore(lcfs_node_s* a, lcfs_node_s* b) {
  size_t depth_a = Depth(a);
  size_t depth_b = Depth(b);
  for (; depth_a > depth_b; --depth_a) a = lcfs_node_get_parent(a);
  for (; depth_b > depth_a; --depth_b) b = lcfs_node_get_parent(b);
  for (;;) {
    lcfs_node_s* above_a = lcfs_node_get_parent(a);
    lcfs_node_s* above_b = lcfs_node_get_parent(b);
    if (above_a == above_b) return std::strcmp(lcfs_node_get_name(a), lcfs_node_get_name(b)) < 0;
    a = above_a;
    b = above_b;
  }
}

/// Gives a node that has a mode all that another one has but for its place in the tree.
void CopyInode(lcfs_node_s* from, lcfs_node_s* to) {
  timespec mtime{};
  lcfs_node_get_mtime(from, &mtime);
  lcfs_node_set_mtime(to, &mtime);
  lcfs_node_set_uid(to, lcfs_node_get_uid(from));
  lcfs_node_set_gid(to, lcfs_node_get_gid(from));
  lcfs_node_set_rdev64(to, lcfs_node_get_rdev64(from));
  const char* payload = lcfs_node_get_payload(from);
  if (S_ISLNK(lcfs_node_get_mode(from))) {
    Check(lcfs_node_set_symlink_payload(to, payload), "lcfs_node_set_symlink_payload");
  } else {
    lcfs_node_set_size(to, lcfs_node_get_size(from));
    if (payload != nullptr) Check(lcfs_node_set_payload(to, payload), "lcfs_node_set_payload");
  }
  if (const uint8_t* content = lcfs_node_get_content(from))
    Check(lcfs_node_set_content(to, content, lcfs_node_get_size(from)), "lcfs_node_set_content");
  if (const uint8_t* digest = lcfs_node_get_fsverity_digest(from))
    lcfs_node_set_fsverity_digest(to, const_cast<uint8_t*>(digest));
  for (size_t i = 0; i < lcfs_node_get_n_xattr(from); ++i) {
    const char* name = lcfs_node_get_xattr_name(from, i);
    size_t size = 0;
    const char* value = lcfs_node_get_xattr(from, name, &size);
    Check(lcfs_node_set_xattr(to, name, value, size), "lcfs_node_set_xattr");
  }
}

}  // namespace

void MakeHardLinks(const std::vector<HardLink>& links) {
  std::unordered_map<lcfs_node_s*, lcfs_node_s*> homes;
  for (const auto& [name, inode] : links) {
    lcfs_node_s*& home = homes.try_emplace(inode, inode).first->second;
    if (ComesBefore(name, home)) home = name;
  }
  for (const auto& [inode, home] : homes) {
    if (home == inode) continue;
    CopyInode(inode, home);
    lcfs_node_make_hardlink(inode, home);
  }
  for (const auto& [name, inode] : links) {
    lcfs_node_s* home = homes.at(inode);
    if (name != home) lcfs_node_make_hardlink(name, home);
  }
}

}  // namespace composefs

#include "tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "errors.h"

namespace composefs {
namespace {

// libcomposefs recurses: 2,048 levels take about 300 kB of stack (and are as deep as PATH_MAX lets a path
// go).
constexpr uint32_t kMaxDepth = 2048;
constexpr size_t kCheckpointInterval = 1024;

[[noreturn]] void Fail(const char* rule, size_t record) {
  throw RecordFailure{rule, record};
}

void Check(int result, const char* call) {
  if (result < 0) ThrowErrno(call);
}

NodePtr NewNode(uint32_t mode) {
  NodePtr node(lcfs_node_new());
  if (!node) throw SystemFailure{ENOMEM, "lcfs_node_new"};
  Check(lcfs_node_try_set_mode(node.get(), mode), "lcfs_node_try_set_mode");
  return node;
}

void SetFile(lcfs_node_s* node, const Record& record) {
  if (record.content != nullptr) {
    Check(lcfs_node_set_content(node, record.content, record.size), "lcfs_node_set_content");
    return;
  }
  lcfs_node_set_size(node, record.size);
  if (record.text != nullptr) Check(lcfs_node_set_payload(node, record.text), "lcfs_node_set_payload");
  if (record.has_digest) lcfs_node_set_fsverity_digest(node, const_cast<uint8_t*>(record.digest));
}

}  // namespace

void TreeBuilder::Add(Chunk chunk) {
  cancel_.Checkpoint();
  chunks_.push_back(std::move(chunk));
  RecordReader reader(chunks_.back(), nodes_.size());
  while (reader.Next(record_)) AddRecord(record_);
}

NodePtr TreeBuilder::Finish() {
  if (!root_) Fail("root", 0);
  if (!pending_.empty()) Fail("child-count", nodes_.size());
  MakeHardLinks(links_);
  return std::move(root_);
}

/// The children of a directory stand together. Whose come next follows from the records before: those of the
/// directory met last that has not had its own yet, as the encoder's stack gives them back.
void TreeBuilder::AddRecord(const Record& record) {
  const size_t number = nodes_.size();
  if (number % kCheckpointInterval == 0) cancel_.Checkpoint();
  if (number >= UINT32_MAX) Fail("count", number);
  const bool is_root = number == 0;
  const bool is_directory = S_ISDIR(record.mode);
  if (is_root && !is_directory) Fail("root", number);
  if (!is_root && pending_.empty()) Fail("child-count", number);
  if (is_directory && pending_.size() > 0 && pending_.back().depth >= kMaxDepth) Fail("depth", number);

  NodePtr node = record.IsLink() ? MakeLinkNode(record) : MakeNode(record);
  nodes_.push_back(record.IsLink() ? nullptr : node.get());
  if (is_root) {
    pending_.push_back({node.get(), 1, record.child_count});
    root_ = std::move(node);
  } else {
    siblings_.push_back({std::move(node), record.name, static_cast<uint32_t>(number), record.child_count});
  }
  if (siblings_.size() == pending_.back().children) AttachSiblings();
}

NodePtr TreeBuilder::MakeNode(const Record& record) {
  NodePtr node = NewNode(record.mode);
  timespec mtime{};
  mtime.tv_sec = record.mtime_seconds;
  mtime.tv_nsec = record.mtime_nanoseconds;
  lcfs_node_set_mtime(node.get(), &mtime);
  lcfs_node_set_uid(node.get(), record.uid);
  lcfs_node_set_gid(node.get(), record.gid);
  lcfs_node_set_rdev64(node.get(), record.rdev);
  if (S_ISLNK(record.mode))
    Check(lcfs_node_set_symlink_payload(node.get(), record.text), "lcfs_node_set_symlink_payload");
  else if (S_ISREG(record.mode))
    SetFile(node.get(), record);
  for (const Xattr& xattr : record.xattrs) {
    const auto* value = reinterpret_cast<const char*>(xattr.value.data());
    Check(lcfs_node_set_xattr(node.get(), xattr.name, value, xattr.value.size()), "lcfs_node_set_xattr");
  }
  return node;
}

/// A hard link comes after its inode, which is no hard link itself, no directory, and no whiteout: of those,
/// libcomposefs would write an invalid image, or read freed memory.
NodePtr TreeBuilder::MakeLinkNode(const Record& record) {
  const size_t number = nodes_.size();
  if (record.link_target >= number) Fail("link", number);
  lcfs_node_s* inode = nodes_[record.link_target];
  if (inode == nullptr) Fail("link", number);
  const uint32_t mode = lcfs_node_get_mode(inode);
  if (S_ISDIR(mode) || (S_ISCHR(mode) && lcfs_node_get_rdev64(inode) == 0)) Fail("link", number);
  NodePtr node = NewNode(mode);
  links_.push_back({node.get(), inode});
  return node;
}

/// The children of a directory are complete. What stood in earlier chunks is not needed any more.
void TreeBuilder::AttachSiblings() {
  const Directory parent = pending_.back();
  pending_.pop_back();
  for (const Sibling& sibling : siblings_)
    if (sibling.children > 0) pending_.push_back({sibling.node.get(), parent.depth + 1, sibling.children});

  const auto before = [](const Sibling& a, const Sibling& b) { return std::strcmp(a.name, b.name) < 0; };
  const auto same = [](const Sibling& a, const Sibling& b) { return std::strcmp(a.name, b.name) == 0; };
  if (!std::is_sorted(siblings_.begin(), siblings_.end(), before))
    std::sort(siblings_.begin(), siblings_.end(), before);
  const auto twin = std::adjacent_find(siblings_.begin(), siblings_.end(), same);
  if (twin != siblings_.end()) Fail("name-duplicate", twin->record);

  for (Sibling& sibling : siblings_) {
    Check(lcfs_node_add_child(parent.node, sibling.node.get(), sibling.name), "lcfs_node_add_child");
    static_cast<void>(sibling.node.release());  // the parent owns it now
  }
  siblings_.clear();
  while (chunks_.size() > 1) chunks_.pop_front();
}

}  // namespace composefs

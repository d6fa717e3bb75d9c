#include "tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>

#include "arena.h"
#include "errors.h"

namespace composefs {
namespace {

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

/// The first eight bytes of a name, or all of it, as a number in the order of names.
uint64_t Beginning(const char* name) {
  uint64_t beginning = 0;
  for (int shift = 56; shift >= 0 && *name != '\0'; shift -= 8)
    beginning |= uint64_t{static_cast<uint8_t>(*name++)} << shift;
  return beginning;
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
  records_.Add(std::move(chunk));
  if (Arena* arena = ArenaScope::Current()) {
    // libcomposefs adds "." and ".." to directories, and the root's names 00 to ff.
    const size_t nodes = records_.Count() + 2 * records_.DirectoryCount() + 256;
    arena->Expect(nodes, records_.ExternalFileCount());
  }
}

/// Breadth first, siblings by their bytes: the order in which libcomposefs walks over its nodes, and then
/// they stand in memory as it comes by. That is a third of the time of writing.
NodePtr TreeBuilder::Finish() {
  records_.CheckComplete();
  arena_ = ArenaScope::Current();
  NodePtr root = MakeNode(0);
  while (next_directory_ < directories_.size()) {
    cancel_.Checkpoint();
    MakeChildren(directories_[next_directory_++]);
  }
  MakeHardLinks(ResolveLinks());
  records_.KeepTexts();
  directories_ = {};
  siblings_ = {};
  linked_ = {};
  links_ = {};
  return root;
}

void TreeBuilder::MakeChildren(const Directory& parent) {
  const auto [node, first_child, children] = parent;  // a copy: MakeNode adds to directories_
  FindSiblings(first_child, children);
  for (const Sibling& sibling : siblings_) {
    const uint32_t number = sibling.number;
    if (number % kCheckpointInterval == 0) cancel_.Checkpoint();
    NodePtr child = MakeNode(number);
    Check(lcfs_node_add_child(node, child.get(), record_.name), "lcfs_node_add_child");
    static_cast<void>(child.release());  // the parent owns it now
  }
}

/// Leaves them in siblings_, in the order of their names.
void TreeBuilder::FindSiblings(uint32_t first, uint32_t count) {
  siblings_.resize(count);
  for (uint32_t i = 0; i < count; ++i) {
    const char* name = records_.Name(first + i);
    siblings_[i] = {Beginning(name), name, first + i};
  }
  const auto before = [](const Sibling& a, const Sibling& b) {
    return a.beginning != b.beginning ? a.beginning < b.beginning : std::strcmp(a.name, b.name) < 0;
  };
  const auto not_before = [&](const Sibling& a, const Sibling& b) { return !before(a, b); };
  const auto misplaced = std::adjacent_find(siblings_.begin(), siblings_.end(), not_before);
  if (misplaced == siblings_.end()) return;
  std::sort(siblings_.begin(), siblings_.end(), before);
  const auto twin = std::adjacent_find(siblings_.begin(), siblings_.end(), not_before);
  if (twin != siblings_.end()) Fail("name-duplicate", twin->number);
}

/// Also leaves the record in record_.
NodePtr TreeBuilder::MakeNode(uint32_t number) {
  records_.Read(number, record_);
  if (arena_ != nullptr) arena_->Lend(records_.Texts(number));
  if (record_.IsLink()) {
    const uint32_t inode = record_.link_target;
    Record target;
    records_.Read(inode, target);
    NodePtr node = NewNode(target.mode);
    links_.push_back({node.get(), inode});
    return node;
  }
  NodePtr node = MakeInode(record_);
  if (record_.child_count > 0)
    directories_.push_back({node.get(), records_.FirstChild(number), record_.child_count});
  if (records_.IsLinked(number)) linked_.emplace(number, node.get());
  return node;
}

std::vector<HardLink> TreeBuilder::ResolveLinks() const {
  std::vector<HardLink> links;
  links.reserve(links_.size());
  for (const auto& [name, inode] : links_) links.push_back({name, linked_.at(inode)});
  return links;
}

NodePtr TreeBuilder::MakeInode(const Record& record) {
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

}  // namespace composefs

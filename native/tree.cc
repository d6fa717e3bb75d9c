#include "tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "errors.h"

namespace composefs {
namespace {

constexpr uint32_t kNone = UINT32_MAX;
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
  RecordReader reader(chunks_.back(), entries_.size());
  if (reader.Remaining() >= kNone - entries_.size()) Fail("count", entries_.size());
  while (reader.Next(record_)) AddRecord(record_);
}

void TreeBuilder::AddRecord(const Record& record) {
  const auto number = static_cast<uint32_t>(entries_.size());
  if (number % kCheckpointInterval == 0) cancel_.Checkpoint();
  NodePtr node = record.IsLink() ? MakeLinkNode(number, record.link_target) : MakeNode(record);
  const uint32_t detail = record.IsLink() ? record.link_target : record.child_count;
  entries_.push_back({std::move(node), record.name, detail, record.IsLink()});
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

/// A hard link follows its inode, which is no hard link itself, no directory, and no whiteout: of those,
/// libcomposefs would write an invalid image, or read freed memory.
NodePtr TreeBuilder::MakeLinkNode(uint32_t link, uint32_t target) {
  if (target >= link || entries_[target].is_link) Fail("link", link);
  lcfs_node_s* inode = entries_[target].node.get();
  const uint32_t mode = lcfs_node_get_mode(inode);
  if (S_ISDIR(mode) || (S_ISCHR(mode) && lcfs_node_get_rdev64(inode) == 0)) Fail("link", link);
  return NewNode(mode);
}

NodePtr TreeBuilder::Finish() {
  if (entries_.empty() || !IsDirectory(0)) Fail("root", 0);
  AssignChildren();
  SortSiblings();
  PlaceHardLinks();
  AttachChildren();
  for (const auto& [link, inode] : links_) lcfs_node_make_hardlink(link, inode);
  return std::move(entries_[0].node);
}

bool TreeBuilder::IsDirectory(uint32_t record) const {
  return !entries_[record].is_link && lcfs_node_dirp(entries_[record].node.get());
}

/// The children of a directory stand together. Whose come next follows from the records before: those of the
/// directory met last that has not had its own yet, as the encoder's stack gives them back.
void TreeBuilder::AssignChildren() {
  struct Pending {
    uint32_t directory;
    uint32_t depth;
  };
  const auto count = static_cast<uint32_t>(entries_.size());
  children_.resize(count);
  std::vector<Pending> pending{{0, 1}};
  uint32_t next = 1;
  while (!pending.empty()) {
    cancel_.Checkpoint();
    const auto [directory, depth] = pending.back();
    pending.pop_back();
    if (depth > kMaxDepth) Fail("depth", directory);
    const uint32_t children = entries_[directory].detail;
    if (children > count - next) Fail("child-count", directory);
    const uint32_t end = next + children;
    children_[directory] = {next, end};
    for (; next < end; ++next)
      if (IsDirectory(next)) pending.push_back({next, depth + 1});
  }
  if (next != count) Fail("child-count", next);
}

void TreeBuilder::SortSiblings() {
  const auto compare = [this](uint32_t a, uint32_t b) {
    return std::strcmp(entries_[a].name, entries_[b].name);
  };
  const auto before = [&compare](uint32_t a, uint32_t b) { return compare(a, b) < 0; };
  const auto same = [&compare](uint32_t a, uint32_t b) { return compare(a, b) == 0; };
  order_.resize(entries_.size());
  std::iota(order_.begin(), order_.end(), 0);
  for (const auto& [first, end] : children_) {
    if (end - first < 2) continue;
    cancel_.Checkpoint();
    const auto begin_at = order_.begin() + first;
    const auto end_at = order_.begin() + end;
    if (!std::is_sorted(begin_at, end_at, before)) std::sort(begin_at, end_at, before);
    const auto twin = std::adjacent_find(begin_at, end_at, same);
    if (twin != end_at) Fail("name-duplicate", *twin);
  }
}

/// Puts each hard-linked inode's node under its home, and a link under the name that had the node.
void TreeBuilder::PlaceHardLinks() {
  for (const Entry& entry : entries_)
    if (entry.is_link) links_.emplace_back(entry.node.get(), entries_[entry.detail].node.get());
  if (links_.empty()) return;
  const std::vector<uint32_t> homes = ChooseHomes();
  for (uint32_t inode = 0; inode < entries_.size(); ++inode)
    if (homes[inode] != kNone) std::swap(entries_[inode].node, entries_[homes[inode]].node);
}

/// By inode: the record of its first name in a walk, if that is not the inode's own.
std::vector<uint32_t> TreeBuilder::ChooseHomes() const {
  std::vector<uint32_t> homes(entries_.size(), kNone);
  std::vector<uint32_t> stack{0};
  while (!stack.empty()) {
    const uint32_t record = stack.back();
    stack.pop_back();
    uint32_t& home = homes[entries_[record].is_link ? entries_[record].detail : record];
    if (home == kNone) home = record;
    const auto [first, end] = children_[record];
    for (uint32_t at = end; at > first; --at) stack.push_back(order_[at - 1]);
  }
  for (uint32_t inode = 0; inode < homes.size(); ++inode)
    if (homes[inode] == inode) homes[inode] = kNone;
  return homes;
}

/// From the last directory to the first: each has its children before it goes to its parent.
void TreeBuilder::AttachChildren() {
  for (size_t directory = entries_.size(); directory-- > 0;) {
    const auto [first, end] = children_[directory];
    if (first == end) continue;
    cancel_.Checkpoint();
    lcfs_node_s* parent = entries_[directory].node.get();
    for (uint32_t at = first; at < end; ++at) {
      Entry& child = entries_[order_[at]];
      Check(lcfs_node_add_child(parent, child.node.get(), child.name), "lcfs_node_add_child");
      static_cast<void>(child.node.release());  // the parent owns it now
    }
  }
}

}  // namespace composefs

#include "tree.h"

#include <sys/stat.h>

#include <algorithm>
#include <numeric>

namespace composefs {
namespace {

constexpr uint32_t kNone = UINT32_MAX;
// libcomposefs recurses: 2,048 levels take about 300 kB of stack (as deep as PATH_MAX lets a path go).
constexpr uint32_t kMaxDepth = 2048;
constexpr size_t kCheckpointInterval = 1024;

[[noreturn]] void Fail(const char* rule, size_t record) {
  throw RecordFailure{rule, record};
}

void Check(int result, const char* call) {
  if (result < 0) ThrowErrno(call);
}

NodePtr NewNode() {
  NodePtr node(lcfs_node_new());
  if (!node) throw SystemFailure{ENOMEM, "lcfs_node_new"};
  return node;
}

class TreeBuilder {
 public:
  TreeBuilder(const Records& records, const CancelFlag& cancel) : records_(records), cancel_(cancel) {
    if (records.Count() >= kNone) Fail("count", 0);
  }

  NodePtr Build() {
    AssignChildren();
    SortSiblings();
    ChooseHomes();
    return BuildNodes();
  }

 private:
  bool IsLink(uint32_t record) const { return records_.ModeOf(record) == 0; }
  bool IsDirectory(uint32_t record) const { return S_ISDIR(records_.ModeOf(record)); }
  uint32_t ChildCount(uint32_t directory) { return records_.At(directory, xattrs_).child_count; }

  /// The record that describes the inode behind this name.
  uint32_t InodeOf(uint32_t record) { return IsLink(record) ? LinkTarget(record) : record; }

  uint32_t LinkTarget(uint32_t link);
  void AssignChildren();
  void SortSiblings();
  void ChooseHomes();
  NodePtr BuildNodes();
  NodePtr BuildNode(uint32_t name);
  void SetFile(lcfs_node_s* node, const Record& record);
  void SetXattrs(lcfs_node_s* node);

  struct Range {
    uint32_t first = 0;
    uint32_t end = 0;
  };

  struct Link {
    lcfs_node_s* node;
    uint32_t inode;
  };

  const Records& records_;
  const CancelFlag& cancel_;
  std::vector<Range> children_;      // of each directory, in order_
  std::vector<uint32_t> order_;      // records; siblings stand together, sorted
  std::vector<uint32_t> homes_;      // by inode: the record whose name becomes the node; empty without links
  std::vector<lcfs_node_s*> nodes_;  // by inode, once built; owned by the tree
  std::vector<Link> links_;
  std::vector<Xattr> xattrs_;  // of the record at hand
};

uint32_t TreeBuilder::LinkTarget(uint32_t link) {
  const uint32_t target = records_.At(link, xattrs_).link_target;
  if (target >= records_.Count() || IsLink(target)) Fail("link", link);
  const Record inode = records_.At(target, xattrs_);
  if (inode.IsDirectory() || inode.IsWhiteout()) Fail("link", link);
  return target;
}

/// The children of a directory stand together. Whose block comes next follows from the records before it:
/// the directory met last that has not had its block yet, as the encoder's stack gives them back.
void TreeBuilder::AssignChildren() {
  struct Pending {
    uint32_t directory;
    uint32_t depth;
  };
  const auto count = static_cast<uint32_t>(records_.Count());
  if (!IsDirectory(0)) Fail("root", 0);
  children_.resize(count);
  std::vector<Pending> pending{{0, 1}};
  uint32_t next = 1;
  while (!pending.empty()) {
    cancel_.Checkpoint();
    const auto [directory, depth] = pending.back();
    pending.pop_back();
    if (depth > kMaxDepth) Fail("depth", directory);
    const uint32_t n = ChildCount(directory);
    if (n > count - next) Fail("child-count", directory);
    children_[directory] = {next, next + n};
    for (uint32_t child = next; child < next + n; ++child)
      if (IsDirectory(child)) pending.push_back({child, depth + 1});
    next += n;
  }
  if (next != count) Fail("child-count", next);
}

void TreeBuilder::SortSiblings() {
  const auto before = [this](uint32_t a, uint32_t b) { return records_.NameOf(a) < records_.NameOf(b); };
  const auto same = [this](uint32_t a, uint32_t b) { return records_.NameOf(a) == records_.NameOf(b); };
  order_.resize(records_.Count());
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

void TreeBuilder::ChooseHomes() {
  bool any = false;
  for (uint32_t record = 0; record < records_.Count() && !any; ++record) any = IsLink(record);
  if (!any) return;
  homes_.assign(records_.Count(), kNone);
  std::vector<uint32_t> stack{0};
  while (!stack.empty()) {
    const uint32_t record = stack.back();
    stack.pop_back();
    uint32_t& home = homes_[InodeOf(record)];
    if (home == kNone) home = record;
    const auto [first, end] = children_[record];
    for (uint32_t at = end; at > first; --at) stack.push_back(order_[at - 1]);
  }
}

NodePtr TreeBuilder::BuildNodes() {
  nodes_.assign(records_.Count(), nullptr);
  NodePtr root = BuildNode(0);
  std::vector<uint32_t> directories{0};
  size_t built = 0;
  while (!directories.empty()) {
    const uint32_t directory = directories.back();
    directories.pop_back();
    const auto [first, end] = children_[directory];
    for (uint32_t at = first; at < end; ++at) {
      if (++built % kCheckpointInterval == 0) cancel_.Checkpoint();
      const uint32_t record = order_[at];
      NodePtr node = BuildNode(record);
      Check(lcfs_node_add_child(nodes_[directory], node.get(), records_.NameOf(record).data()),
            "lcfs_node_add_child");
      node.release();  // the parent owns it now
      if (IsDirectory(record)) directories.push_back(record);
    }
  }
  for (const auto& [node, inode] : links_) lcfs_node_make_hardlink(node, nodes_[inode]);
  return root;
}

NodePtr TreeBuilder::BuildNode(uint32_t name) {
  const uint32_t inode = InodeOf(name);
  NodePtr node = NewNode();
  const Record record = records_.At(inode, xattrs_);
  Check(lcfs_node_try_set_mode(node.get(), record.mode), "lcfs_node_try_set_mode");
  if (!homes_.empty() && homes_[inode] != name) {
    links_.push_back({node.get(), inode});
    return node;
  }
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
  SetXattrs(node.get());
  nodes_[inode] = node.get();
  return node;
}

void TreeBuilder::SetFile(lcfs_node_s* node, const Record& record) {
  if (record.content != nullptr) {
    Check(lcfs_node_set_content(node, record.content, record.size), "lcfs_node_set_content");
    return;
  }
  lcfs_node_set_size(node, record.size);
  if (record.text != nullptr) Check(lcfs_node_set_payload(node, record.text), "lcfs_node_set_payload");
  if (record.has_digest) lcfs_node_set_fsverity_digest(node, const_cast<uint8_t*>(record.digest));
}

void TreeBuilder::SetXattrs(lcfs_node_s* node) {
  for (const Xattr& xattr : xattrs_) {
    const auto* value = reinterpret_cast<const char*>(xattr.value.data());
    Check(lcfs_node_set_xattr(node, xattr.name, value, xattr.value.size()), "lcfs_node_set_xattr");
  }
}

}  // namespace

NodePtr BuildTree(const Records& records, const CancelFlag& cancel) {
  return TreeBuilder(records, cancel).Build();
}

}  // namespace composefs

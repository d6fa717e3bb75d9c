#include "tree.h"

#include <sys/stat.h>

#include "arena.h"
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

NodePtr NewNode() {
  NodePtr node(lcfs_node_new());
  if (!node) throw SystemFailure{ENOMEM, "lcfs_node_new"};
  return node;
}

void SetMode(lcfs_node_s* node, uint32_t mode) {
  Check(lcfs_node_try_set_mode(node, mode), "lcfs_node_try_set_mode");
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

/// Of a directory libcomposefs would write an invalid image, of a whiteout it would read freed memory; and a
/// name without a mode is a hard link itself.
bool CanHaveMoreNames(lcfs_node_s* node) {
  const uint32_t mode = lcfs_node_get_mode(node);
  if (mode == 0 || S_ISDIR(mode)) return false;
  return !S_ISCHR(mode) || lcfs_node_get_rdev64(node) != 0;
}

}  // namespace

void TreeBuilder::Add(Chunk chunk) {
  cancel_.Checkpoint();
  RecordReader& reader = siblings_.Open(std::move(chunk), nodes_.size());
  for (auto place = reader.Tell(); reader.Next(record_); place = reader.Tell()) {
    const size_t number = nodes_.size();
    if (number % kCheckpointInterval == 0) cancel_.Checkpoint();
    if (number >= UINT32_MAX) Fail("count", number);
    if (number == 0) {
      AddRoot(record_);
      continue;
    }
    CheckChild(record_);
    nodes_.push_back(nullptr);
    siblings_.Add(record_, place, static_cast<uint32_t>(number));
    if (siblings_.Count() == waiting_.back().children) MakeChildren();
  }
  ExpectOverlayXattrs();
}

NodePtr TreeBuilder::Finish() {
  if (root_ == nullptr) Fail("root", 0);
  if (!waiting_.empty()) Fail("child-count", nodes_.size());
  MakeHardLinks(ResolveLinks());
  siblings_ = {};
  nodes_ = {};
  links_ = {};
  return std::move(root_);
}

void TreeBuilder::AddRoot(const Record& record) {
  if (!S_ISDIR(record.mode)) Fail("root", 0);
  root_ = MakeInode(record);
  nodes_.push_back(root_.get());
  if (record.child_count > 0) waiting_.push_back({root_.get(), record.child_count, 1});
}

void TreeBuilder::CheckChild(const Record& record) const {
  const size_t number = nodes_.size();
  if (waiting_.empty()) Fail("child-count", number);
  if (S_ISDIR(record.mode) && waiting_.back().depth >= kMaxDepth) Fail("depth", number);
  if (record.IsLink() && record.link_target >= number) Fail("link", number);
}

/// In the order of their names, and in the arena beside those of the same depth: libcomposefs walks breadth
/// first. Whose children come next follows from the records before: of the directories met so far that have
/// not had theirs yet, those of the directory met last, the first of them by their records.
void TreeBuilder::MakeChildren() {
  const Directory parent = waiting_.back();
  waiting_.pop_back();
  if (Arena* arena = ArenaScope::Current()) arena->SetDepth(parent.depth);
  for (const auto& sibling : siblings_.Sorted()) {
    if (sibling.number % kCheckpointInterval == 0) cancel_.Checkpoint();
    sibling.reader->Again(sibling.number, sibling.place, record_);
    NodePtr child = MakeNode(record_, sibling.number);
    Check(lcfs_node_add_child(parent.node, child.get(), record_.name), "lcfs_node_add_child");
    nodes_[sibling.number] = child.release();  // the parent owns it now
  }
  const auto parents = siblings_.Parents();
  for (auto at = parents.rbegin(); at != parents.rend(); ++at)
    waiting_.push_back({nodes_[at->number], at->children, parent.depth + 1});
  siblings_.Clear();
}

NodePtr TreeBuilder::MakeNode(const Record& record, uint32_t number) {
  if (!record.IsLink()) return MakeInode(record);
  NodePtr node = NewNode();
  links_.push_back({node.get(), number, record.link_target});
  return node;
}

std::vector<HardLink> TreeBuilder::ResolveLinks() const {
  std::vector<HardLink> links;
  links.reserve(links_.size());
  for (const auto& [name, number, inode] : links_) {
    if (!CanHaveMoreNames(nodes_[inode])) Fail("link", number);
    links.push_back({name, nodes_[inode]});
  }
  for (const auto& [name, inode] : links) SetMode(name, lcfs_node_get_mode(inode));
  return links;
}

/// What the writer will need at least for the nodes that there are.
void TreeBuilder::ExpectOverlayXattrs() const {
  Arena* arena = ArenaScope::Current();
  // libcomposefs adds "." and ".." to directories, and the root's names 00 to ff.
  if (arena != nullptr) arena->Expect(2 * directory_count_ + 256, external_file_count_, digest_count_);
}

NodePtr TreeBuilder::MakeInode(const Record& record) {
  if (S_ISDIR(record.mode)) ++directory_count_;
  if (S_ISREG(record.mode) && record.size > 0 && record.content == nullptr) {
    ++external_file_count_;
    if (record.has_digest) ++digest_count_;
  }
  NodePtr node = NewNode();
  SetMode(node.get(), record.mode);
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

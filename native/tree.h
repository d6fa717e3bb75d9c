// Records become a tree of libcomposefs's nodes.
#pragma once

#include <unordered_map>
#include <vector>

#include "cancel.h"
#include "hard_links.h"
#include "lcfs.h"
#include "record_index.h"

namespace composefs {

class Arena;

/// Builds the tree when all chunks have come; in the tuned link, within the scope of an arena, its nodes
/// refer to texts of the records, so the builder has to last as long. Siblings are ordered here, and of an
/// inode's names the first one in the order of a walk (parents first, siblings by their bytes) becomes
/// libcomposefs's node, the others its hard links: so one tree gives one image, in whatever order it was
/// made.
///
/// All functions throw RecordFailure, SystemFailure, Cancelled; the builder is of no use after that.
class TreeBuilder {
 public:
  explicit TreeBuilder(const CancelFlag& cancel) : cancel_(cancel), records_(cancel) {}

  /// Checks the next chunk's records, and keeps them.
  void Add(Chunk chunk);

  /// The root of the complete tree.
  NodePtr Finish();

 private:
  /// A directory whose children have no nodes yet.
  struct Directory {
    lcfs_node_s* node;
    uint32_t first_child;
    uint32_t children;
  };
  /// A child of the directory at hand. Most names differ within their first bytes, which are here as a
  /// number.
  struct Sibling {
    uint64_t beginning;
    const char* name;
    uint32_t number;
  };
  struct PendingLink {
    lcfs_node_s* name;
    uint32_t inode;
  };

  void MakeChildren(const Directory& parent);
  void FindSiblings(uint32_t first, uint32_t count);
  NodePtr MakeNode(uint32_t number);
  NodePtr MakeInode(const Record& record);
  std::vector<HardLink> ResolveLinks() const;

  const CancelFlag& cancel_;
  RecordIndex records_;
  std::vector<Directory> directories_;  // a queue, its beginning at next_directory_
  size_t next_directory_ = 0;
  std::vector<Sibling> siblings_;                      // of the directory at hand
  std::unordered_map<uint32_t, lcfs_node_s*> linked_;  // inodes that hard links lead to
  std::vector<PendingLink> links_;
  Record record_;           // the one at hand
  Arena* arena_ = nullptr;  // that of the nodes, if there is one
};

}  // namespace composefs

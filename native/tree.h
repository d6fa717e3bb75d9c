// Records become a tree of libcomposefs's nodes.
#pragma once

#include <vector>

#include "cancel.h"
#include "hard_links.h"
#include "lcfs.h"
#include "siblings.h"

namespace composefs {

/// Makes nodes while records still come: those of a directory's children as soon as all of them are there.
/// Siblings are ordered here, and of an inode's names the first one in the order of a walk (parents first,
/// siblings by their bytes) becomes libcomposefs's node, the others its hard links: so one tree gives one
/// image, in whatever order it was made.
///
/// Checks that together the records are a tree: each directory has the children it says, none is too deep, a
/// hard link comes after its inode and is one that libcomposefs survives.
///
/// All functions throw RecordFailure, SystemFailure, Cancelled; the builder is of no use after that.
class TreeBuilder {
 public:
  explicit TreeBuilder(const CancelFlag& cancel) : cancel_(cancel) {}

  /// Checks the next chunk's records, and makes nodes of those that have all their siblings.
  void Add(Chunk chunk);

  /// The root of the complete tree.
  NodePtr Finish();

 private:
  /// A directory whose children have no nodes yet.
  struct Directory {
    lcfs_node_s* node;
    uint32_t children;
    uint32_t depth;  // 1 for the root
  };
  struct PendingLink {
    lcfs_node_s* name;
    uint32_t number;
    uint32_t inode;
  };

  void AddRoot(const Record& record);
  void CheckChild(const Record& record) const;
  void MakeChildren();
  NodePtr MakeNode(const Record& record, uint32_t number);
  NodePtr MakeInode(const Record& record);
  std::vector<HardLink> ResolveLinks() const;
  void ExpectOverlayXattrs() const;

  const CancelFlag& cancel_;
  NodePtr root_;
  std::vector<Directory> waiting_;   // a stack; the children of the last one are coming
  Siblings siblings_;                // those that have come
  std::vector<lcfs_node_s*> nodes_;  // by number
  std::vector<PendingLink> links_;
  size_t directory_count_ = 0;
  size_t external_file_count_ = 0;  // regular files whose contents are elsewhere
  size_t digest_count_ = 0;         // those of them that have one
  Record record_;                   // the one at hand
};

}  // namespace composefs

// Records become a tree of libcomposefs's nodes.
#pragma once

#include <deque>
#include <vector>

#include "cancel.h"
#include "hard_links.h"
#include "lcfs.h"
#include "records.h"

namespace composefs {

using Chunk = std::vector<uint8_t>;

/// Builds the tree while the chunks come in. Siblings are ordered here, and of an inode's names the first one
/// in the order of a walk (parents first, siblings by their bytes) becomes libcomposefs's node, the others
/// its hard links: so one tree gives one image, in whatever order it was made.
///
/// All functions throw RecordFailure, SystemFailure, Cancelled; the builder is of no use after that.
class TreeBuilder {
 public:
  explicit TreeBuilder(const CancelFlag& cancel) : cancel_(cancel) {}

  /// Makes nodes of the next chunk's records, and keeps it as long as their names are needed.
  void Add(Chunk chunk);

  /// The root of the complete tree.
  NodePtr Finish();

 private:
  /// A directory that still waits for its children.
  struct Directory {
    lcfs_node_s* node;
    uint32_t depth;
    uint32_t children;
  };
  struct Sibling {
    NodePtr node;
    const char* name;
    uint32_t record;
    uint32_t children;  // directories
  };

  void AddRecord(const Record& record);
  NodePtr MakeNode(const Record& record);
  NodePtr MakeLinkNode(const Record& record);
  void AttachSiblings();

  const CancelFlag& cancel_;
  std::deque<Chunk> chunks_;  // those that the names of siblings_ point into
  NodePtr root_;
  std::vector<lcfs_node_s*> nodes_;  // by record, null for hard links; the tree or siblings_ own them
  std::vector<Directory> pending_;   // a stack; the children of the last one are coming
  std::vector<Sibling> siblings_;    // those children, as far as they have come
  std::vector<HardLink> links_;
  Record record_;  // the one at hand
};

}  // namespace composefs

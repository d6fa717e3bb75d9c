// Records become a tree of libcomposefs's nodes.
#pragma once

#include <utility>
#include <vector>

#include "cancel.h"
#include "lcfs.h"
#include "records.h"

namespace composefs {

using Chunk = std::vector<uint8_t>;

/// Builds nodes while the chunks come in, and the tree of them at the end. Siblings are ordered here, and of
/// an inode's names the first one in the order of a walk (parents first, siblings by their bytes) becomes
/// libcomposefs's node, the others its hard links: so one tree gives one image, in whatever order it was
/// made.
///
/// All functions throw RecordFailure, SystemFailure, Cancelled; the builder is of no use after that.
class TreeBuilder {
 public:
  explicit TreeBuilder(const CancelFlag& cancel) : cancel_(cancel) {}

  /// Makes nodes of the next chunk's records. Keeps the chunk, whose names are needed until the end.
  void Add(Chunk chunk);

  /// The root of the complete tree.
  NodePtr Finish();

 private:
  struct Entry {
    NodePtr node;  // empty once a parent owns it
    const char* name;
    uint32_t detail;  // directories: number of children; hard links: the record of the inode
    bool is_link;
  };
  struct Range {
    uint32_t first = 0;
    uint32_t end = 0;
  };

  void AddRecord(const Record& record);
  NodePtr MakeNode(const Record& record);
  NodePtr MakeLinkNode(uint32_t link, uint32_t target);
  void AssignChildren();
  void SortSiblings();
  void PlaceHardLinks();
  std::vector<uint32_t> ChooseHomes() const;
  void AttachChildren();
  bool IsDirectory(uint32_t record) const;

  const CancelFlag& cancel_;
  std::vector<Chunk> chunks_;
  std::vector<Entry> entries_;   // by record
  std::vector<Range> children_;  // by record: where a directory's children stand in order_
  std::vector<uint32_t> order_;  // records; siblings stand together, sorted
  std::vector<std::pair<lcfs_node_s*, lcfs_node_s*>> links_;  // hard link, inode; the tree owns both
  Record record_;                                             // the one at hand
};

}  // namespace composefs

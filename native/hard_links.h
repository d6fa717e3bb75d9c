// Which of an inode's names libcomposefs takes for the inode, and which for hard links to it.
#pragma once

#include <vector>

#include "lcfs.h"

namespace composefs {

/// Two nodes of one tree that are to be one inode.
struct HardLink {
  lcfs_node_s* name;   // has a mode, and nothing else
  lcfs_node_s* inode;  // the same node for all further names of the inode
};

/// Makes hard links in a complete tree. Of all names of an inode, the first in the order of a walk becomes
/// the node that the others link to: the image depends on the choice, and must not depend on who was met
/// first.
void MakeHardLinks(const std::vector<HardLink>& links);

}  // namespace composefs

// libcomposefs for C++: its C headers, and owning pointers to its nodes.
#pragma once

extern "C" {
#include <libcomposefs/lcfs-writer.h>
}

#include <memory>

namespace composefs {

struct NodeDeleter {
  void operator()(lcfs_node_s* node) const { lcfs_node_unref(node); }
};

/// A node that no parent owns yet. Release it on the line after lcfs_node_add_child succeeded: from then
/// on the parent owns it, and unreferencing a child would abort the process.
using NodePtr = std::unique_ptr<lcfs_node_s, NodeDeleter>;

}  // namespace composefs

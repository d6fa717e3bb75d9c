// The memory of one image. In the tuned link (see ARCHITECTURE.md) libcomposefs.a allocates here: a million
// nodes come from a few large mappings and go with them, instead of one by one.
#pragma once

#include <array>
#include <cstddef>

#include "region.h"
#include "seed_block.h"

namespace composefs {

/// Hands out memory, and takes hardly any back before it ends. Used by one thread at a time. What it is asked
/// for stands apart by its kind: libcomposefs walks over all of its nodes ten times, each time looking at
/// little else, and of the rest only arrays need to tell how long they are. And by depth, for it walks
/// breadth first.
class Arena {
 public:
  Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Aligned as malloc's; nullptr if there is no memory, never an exception: the callers are C.
  void* Allocate(size_t size);
  void* AllocateZeroed(size_t size);

  /// An array that may grow; nullptr is an empty one. What comes from the other functions cannot grow.
  void* Reallocate(void* array, size_t size);

  /// Of the newest blocks, for the next one that fits.
  void Free(void* block);

  /// A copy of a text, which others may have too: not to be changed.
  char* CopyText(const char* text, size_t length);

  /// How deep in the tree the nodes are that come next.
  void SetDepth(size_t depth);

  /// From now on the tree in the arena is written, and changed for that, in place of the copy that is left
  /// out.
  void BeginWriting();
  bool IsWriting() const { return is_writing_; }

  /// Makes ready what the writer will take at least: so many nodes, and what it adds to so many files whose
  /// contents are elsewhere, some of them with digests.
  void Expect(size_t nodes, size_t external_files, size_t digests);

  /// Of how many xattrs the writer will ask whether there are equal ones, if those that it adds differ.
  size_t ExpectedXattrs() const { return expected_xattrs_; }

  /// Gives back everything.
  void Clear();

 private:
  struct Block {
    std::byte* begin = nullptr;
    size_t size = 0;
  };
  struct CopiedText {
    char* copy = nullptr;
    size_t length = 0;
  };
  /// Of one depth, and the last of all that are deeper; the first, which the root has to itself, also of the
  /// writer.
  struct Level {
    Region nodes;
    Region arrays;
    Region blocks;
    Region texts;
  };

  void Lend(Region& region, size_t size);
  bool IsArray(const std::byte* bytes) const;

  SeedBlock seed_;  // the beginning of each level; outlives them
  std::array<Level, 32> levels_;
  Level* level_ = &levels_[0];
  std::byte* last_array_ = nullptr;  // can grow where it is
  std::array<Block, 2> newest_;      // blocks that are still in use
  Block spare_;                      // one that was given back
  std::array<CopiedText, 64> copied_;
  bool is_writing_ = false;
  size_t expected_xattrs_ = 0;
};

/// Whether libcomposefs allocates in arenas: in the tuned link.
extern const bool kHasArena;

/// Within the scope, what libcomposefs allocates on this thread comes from the arena, and what it frees there
/// is left to the arena. Every call that allocates or frees nodes of a tree is in the scope of the tree's
/// arena. Nothing at all in the plain link.
class ArenaScope {
 public:
  explicit ArenaScope(Arena& arena);
  ~ArenaScope();
  ArenaScope(const ArenaScope&) = delete;
  ArenaScope& operator=(const ArenaScope&) = delete;

  /// The arena of the innermost scope on this thread, or nullptr.
  static Arena* Current();

 private:
  Arena* outer_;
};

}  // namespace composefs

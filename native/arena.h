// The memory of one image. In the tuned link (see ARCHITECTURE.md) libcomposefs.a allocates here: a million
// nodes come from a few large mappings and go with them, instead of one by one.
#pragma once

#include <cstddef>
#include <vector>

namespace composefs {

/// Memory from a few mappings, in the order in which it is taken.
class Region {
 public:
  Region() = default;
  ~Region() { Clear(); }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  /// Zeros, unless given back by ExtendLast; nullptr if there is no memory. `size` is a multiple of 16.
  void* Take(size_t size);

  /// Makes what was taken last, from there on, so many bytes; false if they are not there.
  bool ExtendLast(std::byte* from, size_t size);

  /// Gives back everything.
  void Clear();

 private:
  struct Mapping {
    std::byte* begin;
    size_t size;
  };

  bool Grow(size_t size);

  std::vector<Mapping> mappings_;
  std::byte* free_ = nullptr;
  std::byte* end_ = nullptr;
};

/// Hands out memory and takes none back before it ends. Used by one thread at a time. libcomposefs's nodes
/// are apart from what belongs to them: it walks over all of them ten times, each time looking at little
/// else.
class Arena {
 public:
  Arena() = default;
  ~Arena() { Clear(); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Aligned as malloc's; nullptr if there is no memory, never an exception: the callers are C.
  void* Allocate(size_t size);
  void* AllocateZeroed(size_t size);
  void* Reallocate(void* block, size_t size);

  /// Gives back everything.
  void Clear();

  /// The tree in the arena is being written, and changed for that, in place of the copy that is left out.
  bool is_writing = false;

 private:
  Region nodes_;
  Region blocks_;
  std::byte* last_ = nullptr;  // the newest block, which can grow where it is
};

/// Within the scope, what libcomposefs allocates on this thread comes from the arena, and what it frees there
/// is left to the arena. Every call that allocates or frees nodes of a tree is in the scope of the tree's
/// arena. Nothing at all in the plain link.
class ArenaScope {
 public:
  explicit ArenaScope(Arena& arena);
  ~ArenaScope();
  ArenaScope(const ArenaScope&) = delete;
  ArenaScope& operator=(const ArenaScope&) = delete;

 private:
  Arena* outer_;
};

}  // namespace composefs

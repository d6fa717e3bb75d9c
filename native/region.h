// Memory from a few mappings, in the order in which it is taken.
#pragma once

#include <cstddef>
#include <vector>

namespace composefs {

class Region {
 public:
  Region() = default;
  ~Region() { Clear(); }
  Region(const Region&) = delete;
  Region& operator=(const Region&) = delete;

  /// Zeros; nullptr if there is no memory. What is taken begins where the
  /// piece before ends: sizes that are multiples of 16 keep all of them aligned as malloc's.
  void* Take(size_t size);

  /// Makes what was taken last longer: from there on, so many bytes; false if they are not there.
  bool ExtendLast(std::byte* from, size_t size);

  /// Takes first, before anything is mapped, what is here: zeros, which Clear makes them again.
  void Borrow(std::byte* begin, size_t size) {
    free_ = borrowed_ = begin;
    end_ = borrowed_end_ = begin + size;
  }

  bool IsEmpty() const { return end_ == nullptr; }

  /// Has the kernel put memory behind the first so many bytes that will be taken: otherwise it does that page
  /// by page, when each is used first, and whoever takes them waits. To be called before anything is taken.
  void MakeReady(size_t size);

  bool Contains(const std::byte* address) const;

  /// Gives back everything, also to the lender.
  void Clear();

 private:
  struct Mapping {
    std::byte* begin;
    size_t size;
  };

  bool Grow(size_t size);
  bool Map(size_t size);
  void Use(const Mapping& mapping);

  std::vector<Mapping> mappings_;
  size_t used_ = 0;  // how many of them are in use, the last one from free_ to end_
  size_t mapped_ = 0;
  size_t ready_ = 0;
  std::byte* free_ = nullptr;
  std::byte* end_ = nullptr;
  std::byte* borrowed_ = nullptr;
  std::byte* borrowed_end_ = nullptr;
};

}  // namespace composefs

// The memory that an arena begins with, which small trees need no other than.
#pragma once

#include <cstddef>

namespace composefs {

/// Zeros, handed out in the order in which they are taken. One block is kept from an image to the next:
/// mapping it anew and having the kernel clear it costs more than the image of a small tree. Any number of
/// them may be in use, each by one thread at a time.
class SeedBlock {
 public:
  /// Without memory for one, it is empty.
  SeedBlock();
  ~SeedBlock() { Return(); }
  SeedBlock(const SeedBlock&) = delete;
  SeedBlock& operator=(const SeedBlock&) = delete;

  /// nullptr if so much is not left.
  std::byte* Take(size_t size);

  /// To be called when all of it is zeros again: for the next one. From now on this one is empty.
  void Return();

 private:
  std::byte* begin_;
  std::byte* free_;
};

}  // namespace composefs

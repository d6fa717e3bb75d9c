#include "seed_block.h"

#include <sys/mman.h>

#include <atomic>
#include <utility>

namespace composefs {
namespace {

// Enough for all that arena.cc lends. What was never written takes no memory.
constexpr size_t kSize = size_t{640} << 10;

std::atomic<std::byte*> idle = nullptr;

/// Node unloads an addon with the last worker thread that has loaded it.
struct AtUnload {
  ~AtUnload() {
    if (std::byte* block = idle.exchange(nullptr)) munmap(block, kSize);
  }
} at_unload;

std::byte* Map() {
  void* memory = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
}

}  // namespace

SeedBlock::SeedBlock() : begin_(idle.exchange(nullptr)) {
  if (begin_ == nullptr) begin_ = Map();
  free_ = begin_;
}

std::byte* SeedBlock::Take(size_t size) {
  if (begin_ == nullptr || size > static_cast<size_t>(begin_ + kSize - free_)) return nullptr;
  return std::exchange(free_, free_ + size);
}

void SeedBlock::Return() {
  if (begin_ == nullptr) return;
  if (std::byte* surplus = idle.exchange(std::exchange(begin_, nullptr))) munmap(surplus, kSize);
}

}  // namespace composefs

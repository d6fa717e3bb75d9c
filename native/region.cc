#include "region.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <new>
#include <utility>

namespace composefs {
namespace {

constexpr size_t kPage = 4096;
constexpr size_t kFirstMapping = size_t{128} << 10;
constexpr size_t kLargestMapping = size_t{16} << 20;
constexpr int kPopulate = 23;  // MADV_POPULATE_WRITE: since Linux 5.14, and not in older headers

size_t RoundUpToPages(size_t size) {
  return (size + kPage - 1) / kPage * kPage;
}

}  // namespace

void* Region::Take(size_t size) {
  if (size > static_cast<size_t>(end_ - free_) && !Grow(size)) return nullptr;
  std::byte* taken = free_;
  free_ += size;
  return taken;
}

bool Region::ExtendLast(std::byte* from, size_t size) {
  if (size > static_cast<size_t>(end_ - from)) return false;
  free_ = from + size;
  return true;
}

void Region::MakeReady(size_t size) {
  const auto borrowed = static_cast<size_t>(borrowed_end_ - borrowed_);
  while (borrowed + ready_ < size) {
    if (ready_ == mapped_ && !Map(1)) return;
    const Mapping& last = mappings_.back();
    ready_ = std::max(ready_, mapped_ - last.size);  // those before are in use
    const size_t from = last.size - (mapped_ - ready_);
    const size_t count = std::min(RoundUpToPages(size - borrowed - ready_), last.size - from);
    ready_ += count;
    // A kernel that cannot do it ahead does it later.
    if (madvise(last.begin + from, count, kPopulate) != 0) ready_ = SIZE_MAX - borrowed;
  }
}

bool Region::Contains(const std::byte* address) const {
  if (address >= borrowed_ && address < borrowed_end_) return true;
  return std::any_of(mappings_.rbegin(), mappings_.rend(), [address](const Mapping& mapping) {
    return address >= mapping.begin && address < mapping.begin + mapping.size;
  });
}

/// What is left of the mapping before is given up: it is less than a block.
bool Region::Grow(size_t size) {
  const bool is_next_enough = used_ < mappings_.size() && mappings_[used_].size >= size;
  if (!is_next_enough) {
    if (!Map(size)) return false;
    std::swap(mappings_[used_], mappings_.back());
  }
  Use(mappings_[used_]);
  return true;
}

bool Region::Map(size_t size) {
  const size_t doubled =
      mappings_.empty() ? kFirstMapping : std::min(mappings_.back().size * 2, kLargestMapping);
  const size_t mapped = std::max(doubled, RoundUpToPages(size));
  void* memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  try {
    mappings_.push_back({static_cast<std::byte*>(memory), mapped});
  } catch (const std::bad_alloc&) {
    munmap(memory, mapped);
    return false;
  }
  mapped_ += mapped;
  return true;
}

void Region::Use(const Mapping& mapping) {
  ++used_;
  free_ = mapping.begin;
  end_ = mapping.begin + mapping.size;
}

void Region::Clear() {
  std::byte* written_end = used_ == 0 ? free_ : borrowed_end_;
  std::fill(borrowed_, written_end, std::byte{0});
  for (const Mapping& mapping : mappings_) munmap(mapping.begin, mapping.size);
  mappings_.clear();
  used_ = mapped_ = ready_ = 0;
  free_ = end_ = borrowed_ = borrowed_end_ = nullptr;
}

}  // namespace composefs

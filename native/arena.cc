#include "arena.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <new>
#include <utility>

namespace composefs {
namespace {

constexpr size_t kAlignment = alignof(std::max_align_t);
// Of libcomposefs's node. Should it change, nodes are no longer together, and nothing else.
constexpr size_t kNodeSize = 240;
// What its writer adds to a file with contents elsewhere: two xattrs, the value of one, its place in the
// table.
constexpr size_t kArrayOfFile = 80;
constexpr size_t kBlocksOfFile = 112;

/// In front of each array: libcomposefs reallocates without saying how much there was.
struct alignas(kAlignment) Header {
  size_t size;
};

/// What a block of no bytes points to.
alignas(kAlignment) std::byte nothing[kAlignment];

thread_local Arena* current = nullptr;

bool IsTooLarge(size_t size) {
  return size > PTRDIFF_MAX / 2;
}

size_t RoundUp(size_t size) {
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

void* Arena::Allocate(size_t size) {
  if (size == 0) return nothing;
  if (IsTooLarge(size)) return nullptr;
  const size_t rounded = RoundUp(size);
  Block block;
  if (rounded <= spare_.size)
    block = std::exchange(spare_, {});
  else
    block = {static_cast<std::byte*>(blocks_.Take(rounded)), rounded};
  if (block.begin == nullptr) return nullptr;
  newest_ = {block, newest_[0]};
  return block.begin;
}

/// Fresh from the kernel.
void* Arena::AllocateZeroed(size_t size) {
  if (size == kNodeSize) return nodes_.Take(size);
  return IsTooLarge(size) ? nullptr : blocks_.Take(RoundUp(std::max<size_t>(size, 1)));
}

void* Arena::Reallocate(void* array, size_t size) {
  if (IsTooLarge(size)) return nullptr;
  auto* bytes = static_cast<std::byte*>(array);
  Header* header = nullptr;
  if (bytes != nullptr) {
    if (!arrays_.Contains(bytes)) return nullptr;  // how long it is, nobody knows
    header = reinterpret_cast<Header*>(bytes - sizeof(Header));
    if (size <= header->size) return array;
    if (bytes == last_array_ && arrays_.ExtendLast(bytes, RoundUp(size))) {
      header->size = size;
      return array;
    }
  }
  void* taken = arrays_.Take(sizeof(Header) + RoundUp(size));
  if (taken == nullptr) return nullptr;
  last_array_ = reinterpret_cast<std::byte*>(new (taken) Header{size} + 1);
  if (header != nullptr) std::memcpy(last_array_, bytes, header->size);
  return last_array_;
}

void Arena::Free(void* block) {
  for (Block& newest : newest_) {
    if (newest.begin != block) continue;
    if (newest.size > spare_.size) spare_ = newest;
    newest = {};
    return;
  }
}

char* Arena::CopyText(const char* text, size_t length) {
  const bool is_lent = text >= lent_.data() && text < lent_.data() + lent_.size();
  if (is_lent && text[length] == '\0') return const_cast<char*>(text);
  // The names of the writer's own xattrs, over and over, from the same places.
  CopiedText& copied = copied_[reinterpret_cast<uintptr_t>(text) / 8 % copied_.size()];
  if (copied.source == text && std::strncmp(copied.copy, text, length) == 0 && copied.copy[length] == '\0')
    return copied.copy;
  auto* copy = IsTooLarge(length) ? nullptr : static_cast<char*>(texts_.Take(length + 1));
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, text, length);
  copy[length] = '\0';
  copied = {text, copy};
  return copy;
}

void Arena::Expect(size_t nodes, size_t external_files) {
  nodes_.MakeReady(nodes * kNodeSize);
  arrays_.MakeReady(external_files * kArrayOfFile);
  blocks_.MakeReady(external_files * kBlocksOfFile);
}

void Arena::Clear() {
  for (Region* region : {&nodes_, &arrays_, &blocks_, &texts_}) region->Clear();
  last_array_ = nullptr;
  newest_ = {};
  spare_ = {};
  lent_ = {};
  copied_ = {};
  is_writing = false;
}

ArenaScope::ArenaScope(Arena& arena) : outer_(current) {
  current = &arena;
}

ArenaScope::~ArenaScope() {
  current = outer_;
}

Arena* ArenaScope::Current() {
  return current;
}

}  // namespace composefs

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
// table; and the same of the other, if that has a value, which is a digest.
constexpr size_t kArrayOfFile = 80;
constexpr size_t kBlocksOfFile = 112;
constexpr size_t kBlocksOfDigest = 80;

// What levels begin with. The first is also the writer's: 256 names that it gives the root, and "." and ".."
// of some forty directories.
constexpr size_t kSeed = 4096;
constexpr size_t kNodesOfFirst = size_t{80} << 10;
constexpr size_t kRestOfFirst = size_t{16} << 10;

// A block that was given back is for another of about its size: the writer's texts of one kind mostly are.
constexpr size_t kMostWasted = 16;

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

/// Of texts of one length, those that differ at the end mostly come one after the other.
size_t SlotOf(const char* text, size_t length) {
  return length == 0 ? 0
                     : length * 7 + static_cast<uint8_t>(text[length - 1]) +
                           static_cast<uint8_t>(text[length / 2]) * 13;
}

size_t RoundUp(size_t size) {
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

Arena::Arena() {
  auto& [nodes, arrays, blocks, texts] = levels_[0];
  Lend(nodes, kNodesOfFirst);
  for (Region* region : {&arrays, &blocks, &texts}) Lend(*region, kRestOfFirst);
}

void Arena::Lend(Region& region, size_t size) {
  if (std::byte* seed = seed_.Take(size)) region.Borrow(seed, size);
}

void* Arena::Allocate(size_t size) {
  if (size == 0) return nothing;
  if (IsTooLarge(size)) return nullptr;
  const size_t rounded = RoundUp(size);
  Block block;
  if (rounded <= spare_.size && spare_.size - rounded <= kMostWasted)
    block = std::exchange(spare_, {});
  else
    block = {static_cast<std::byte*>(level_->blocks.Take(rounded)), rounded};
  if (block.begin == nullptr) return nullptr;
  newest_ = {block, newest_[0]};
  return block.begin;
}

/// Nothing is handed out twice, and all of it begins as zeros.
void* Arena::AllocateZeroed(size_t size) {
  if (size == kNodeSize) return level_->nodes.Take(size);
  return IsTooLarge(size) ? nullptr : level_->blocks.Take(RoundUp(std::max<size_t>(size, 1)));
}

void* Arena::Reallocate(void* array, size_t size) {
  if (IsTooLarge(size)) return nullptr;
  auto* bytes = static_cast<std::byte*>(array);
  Header* header = nullptr;
  if (bytes != nullptr) {
    if (!IsArray(bytes)) return nullptr;  // how long it is, nobody knows
    header = reinterpret_cast<Header*>(bytes - sizeof(Header));
    if (size <= header->size) return array;
    if (bytes == last_array_ && level_->arrays.ExtendLast(bytes, RoundUp(size))) {
      header->size = size;
      return array;
    }
  }
  void* taken = level_->arrays.Take(sizeof(Header) + RoundUp(size));
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

bool Arena::IsArray(const std::byte* bytes) const {
  if (level_->arrays.Contains(bytes)) return true;
  return std::ranges::any_of(levels_, [bytes](const Level& level) { return level.arrays.Contains(bytes); });
}

/// The names of xattrs come over and over, and files in many directories have the same name.
char* Arena::CopyText(const char* text, size_t length) {
  CopiedText& copied = copied_[SlotOf(text, length) % copied_.size()];
  if (copied.length == length && copied.copy != nullptr && std::memcmp(copied.copy, text, length) == 0)
    return copied.copy;
  auto* copy = IsTooLarge(length) ? nullptr : static_cast<char*>(level_->texts.Take(length + 1));
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, text, length);
  copy[length] = '\0';
  copied = {copy, length};
  return copy;
}

void Arena::SetDepth(size_t depth) {
  last_array_ = nullptr;
  level_ = &levels_[std::min(depth, levels_.size() - 1)];
  if (depth == 0 || !level_->nodes.IsEmpty()) return;
  for (Region* region : {&level_->nodes, &level_->arrays, &level_->blocks, &level_->texts})
    Lend(*region, kSeed);
}

void Arena::BeginWriting() {
  is_writing_ = true;
  SetDepth(0);
}

void Arena::Expect(size_t nodes, size_t external_files, size_t digests) {
  levels_[0].nodes.MakeReady(nodes * kNodeSize);
  levels_[0].arrays.MakeReady(external_files * kArrayOfFile);
  levels_[0].blocks.MakeReady(external_files * kBlocksOfFile + digests * kBlocksOfDigest);
  expected_xattrs_ = external_files + digests;
}

void Arena::Clear() {
  for (auto& [nodes, arrays, blocks, texts] : levels_)
    for (Region* region : {&nodes, &arrays, &blocks, &texts}) region->Clear();
  seed_.Return();
  level_ = &levels_[0];
  last_array_ = nullptr;
  newest_ = {};
  spare_ = {};
  copied_ = {};
  is_writing_ = false;
  expected_xattrs_ = 0;
}

ArenaScope::ArenaScope(Arena& arena) : outer_(current) {
  if (kHasArena) current = &arena;
}

ArenaScope::~ArenaScope() {
  current = outer_;
}

Arena* ArenaScope::Current() {
  return current;
}

}  // namespace composefs

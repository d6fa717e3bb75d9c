#include "arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

namespace composefs {
namespace {

constexpr size_t kAlignment = alignof(std::max_align_t);
constexpr size_t kFirstMapping = size_t{128} << 10;
constexpr size_t kLargestMapping = size_t{16} << 20;
// Of libcomposefs's node. Should it change, nodes are no longer together, and nothing else.
constexpr size_t kNodeSize = 240;

/// In front of each block: libcomposefs reallocates without saying how much there was.
struct alignas(kAlignment) Header {
  size_t size;
};

thread_local Arena* current = nullptr;

size_t RoundUp(size_t size) {
  return (size + kAlignment - 1) / kAlignment * kAlignment;
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

/// What is left of the mapping before is given up: it is less than a block.
bool Region::Grow(size_t size) {
  const size_t doubled =
      mappings_.empty() ? kFirstMapping : std::min(mappings_.back().size * 2, kLargestMapping);
  const size_t mapped = std::max(doubled, (size + 4095) / 4096 * 4096);
  void* memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return false;
  try {
    mappings_.push_back({static_cast<std::byte*>(memory), mapped});
  } catch (const std::bad_alloc&) {
    munmap(memory, mapped);
    return false;
  }
  free_ = mappings_.back().begin;
  end_ = free_ + mapped;
  return true;
}

void Region::Clear() {
  for (const Mapping& mapping : mappings_) munmap(mapping.begin, mapping.size);
  mappings_.clear();
  free_ = end_ = nullptr;
}

void* Arena::Allocate(size_t size) {
  if (size > PTRDIFF_MAX / 2) return nullptr;
  void* taken = blocks_.Take(sizeof(Header) + RoundUp(size));
  if (taken == nullptr) return nullptr;
  std::byte* block = reinterpret_cast<std::byte*>(new (taken) Header{size} + 1);
  last_ = block;
  return block;
}

void* Arena::AllocateZeroed(size_t size) {
  if (size == kNodeSize) return nodes_.Take(size);  // never reallocated, fresh from the kernel
  void* block = Allocate(size);
  if (block != nullptr) std::memset(block, 0, size);  // it may have been given back by Reallocate
  return block;
}

void* Arena::Reallocate(void* block, size_t size) {
  if (block == nullptr || size > PTRDIFF_MAX / 2) return Allocate(size);
  auto* bytes = static_cast<std::byte*>(block);
  auto* header = reinterpret_cast<Header*>(bytes - sizeof(Header));
  if (bytes == last_ && blocks_.ExtendLast(bytes, RoundUp(size))) {
    header->size = size;
    return block;
  }
  if (size <= header->size) return block;
  void* moved = Allocate(size);
  if (moved != nullptr) std::memcpy(moved, block, header->size);
  return moved;
}

void Arena::Clear() {
  nodes_.Clear();
  blocks_.Clear();
  last_ = nullptr;
  is_writing = false;
}

ArenaScope::ArenaScope(Arena& arena) : outer_(current) {
  current = &arena;
}

ArenaScope::~ArenaScope() {
  current = outer_;
}

}  // namespace composefs

#if COMPOSEFS_TUNED

// The names that scripts/tune-archive.mjs gives to libcomposefs.a's calls of the allocator. Outside any scope
// they are the allocator's.
extern "C" {

using composefs::current;

void* composefs_malloc(size_t size) {
  return current ? current->Allocate(size) : malloc(size);
}

void* composefs_calloc(size_t count, size_t size) {
  if (current == nullptr) return calloc(count, size);
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) return nullptr;
  return current->AllocateZeroed(total);
}

void* composefs_realloc(void* block, size_t size) {
  return current ? current->Reallocate(block, size) : realloc(block, size);
}

void* composefs_reallocarray(void* block, size_t count, size_t size) {
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) return nullptr;
  return composefs_realloc(block, total);
}

void composefs_free(void* block) {
  if (current == nullptr) free(block);
}

static char* CopyText(const char* text, size_t length) {
  auto* copy = static_cast<char*>(composefs_malloc(length + 1));
  if (copy == nullptr) return nullptr;
  memcpy(copy, text, length);
  copy[length] = '\0';
  return copy;
}

/// libcomposefs asks of each xattr some ten times which of a few prefixes it has: most differ in the first
/// byte, and a call of the C library costs more than to see that.
int composefs_strncmp(const char* a, const char* b, size_t limit) {
  for (; limit > 0; ++a, ++b, --limit) {
    if (*a != *b) return static_cast<uint8_t>(*a) < static_cast<uint8_t>(*b) ? -1 : 1;
    if (*a == '\0') break;
  }
  return 0;
}

char* composefs_strndup(const char* text, size_t limit) {
  return CopyText(text, strnlen(text, limit));
}

char* composefs_strdup(const char* text) {
  return CopyText(text, strlen(text));
}

struct lcfs_ctx_s;
struct lcfs_node_s;
int __real_lcfs_clone_root(lcfs_ctx_s* context);
int __real_lcfs_node_set_xattr(lcfs_node_s* node, const char* name, const char* value, size_t size);
int lcfs_node_set_xattr_internal(lcfs_node_s* node, const char* name, const char* value, size_t size,
                                 bool from_external_input);

/// libcomposefs copies a tree before it changes it for writing, since it is the caller's. In an arena it is
/// ours, is written once, and goes with the arena: the copy, half of the memory and of the time, is left out.
int __wrap_lcfs_clone_root(lcfs_ctx_s* context) {
  if (current == nullptr) return __real_lcfs_clone_root(context);
  current->is_writing = true;
  return 0;
}

/// What the writer adds for overlayfs does not count towards the caller's budget of xattrs. In a copy nothing
/// has been counted yet; here it has, so the library's own, larger limit applies.
int __wrap_lcfs_node_set_xattr(lcfs_node_s* node, const char* name, const char* value, size_t size) {
  const bool is_writer = current != nullptr && current->is_writing;
  if (is_writer) return lcfs_node_set_xattr_internal(node, name, value, size, false);
  return __real_lcfs_node_set_xattr(node, name, value, size);
}

}  // extern "C"

#endif

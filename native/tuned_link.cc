// What libcomposefs.a calls in the tuned link, in place of the C library and of two functions of its own; see
// ARCHITECTURE.md. scripts/tune-archive.mjs gives the calls these names. Outside the scope of an arena they
// do what the originals do.
#include "arena.h"

namespace composefs {

const bool kHasArena = COMPOSEFS_TUNED;

}  // namespace composefs

#if COMPOSEFS_TUNED

#include <cstdint>
#include <cstdlib>
#include <cstring>

using composefs::Arena;
using composefs::ArenaScope;

extern "C" {

void* composefs_malloc(size_t size) {
  Arena* arena = ArenaScope::Current();
  return arena ? arena->Allocate(size) : malloc(size);
}

void* composefs_calloc(size_t count, size_t size) {
  Arena* arena = ArenaScope::Current();
  if (arena == nullptr) return calloc(count, size);
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) return nullptr;
  return arena->AllocateZeroed(total);
}

void* composefs_realloc(void* block, size_t size) {
  Arena* arena = ArenaScope::Current();
  return arena ? arena->Reallocate(block, size) : realloc(block, size);
}

void* composefs_reallocarray(void* block, size_t count, size_t size) {
  size_t total;
  if (__builtin_mul_overflow(count, size, &total)) return nullptr;
  return composefs_realloc(block, total);
}

void composefs_free(void* block) {
  Arena* arena = ArenaScope::Current();
  if (arena == nullptr)
    free(block);
  else if (block != nullptr)
    arena->Free(block);
}

char* composefs_strndup(const char* text, size_t limit) {
  Arena* arena = ArenaScope::Current();
  return arena ? arena->CopyText(text, strnlen(text, limit)) : strndup(text, limit);
}

char* composefs_strdup(const char* text) {
  Arena* arena = ArenaScope::Current();
  return arena ? arena->CopyText(text, strlen(text)) : strdup(text);
}

/// libcomposefs asks of each xattr some ten times which of a few prefixes it has: most differ in the first
/// byte, and a call of the C library costs more than to see that.
int composefs_strncmp(const char* a, const char* b, size_t limit) {
  if (limit == 0) return 0;
  if (*a != *b) return static_cast<uint8_t>(*a) < static_cast<uint8_t>(*b) ? -1 : 1;
  return strncmp(a, b, limit);
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
  Arena* arena = ArenaScope::Current();
  if (arena == nullptr) return __real_lcfs_clone_root(context);
  arena->BeginWriting();
  return 0;
}

/// What the writer adds for overlayfs does not count towards the caller's budget of xattrs. In a copy nothing
/// has been counted yet; here it has, so the library's own, larger limit applies.
int __wrap_lcfs_node_set_xattr(lcfs_node_s* node, const char* name, const char* value, size_t size) {
  const Arena* arena = ArenaScope::Current();
  const bool is_writer = arena != nullptr && arena->IsWriting();
  if (is_writer) return lcfs_node_set_xattr_internal(node, name, value, size, false);
  return __real_lcfs_node_set_xattr(node, name, value, size);
}

}  // extern "C"

#endif

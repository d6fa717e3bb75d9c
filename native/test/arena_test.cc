#include "arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <optional>

#include "chunk_builder.h"
#include "image.h"

namespace composefs {
namespace {

TEST(Arena, BlocksAreAlignedAndApart) {
  Arena arena;
  auto* a = static_cast<char*>(arena.Allocate(1));
  auto* b = static_cast<char*>(arena.Allocate(100));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(a) % alignof(std::max_align_t), 0u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(b) % alignof(std::max_align_t), 0u);
  EXPECT_GE(b, a + 1);
}

TEST(Arena, ReallocateKeepsTheBytesWhereverItPutsThem) {
  Arena arena;
  auto* block = static_cast<char*>(arena.Allocate(4));
  std::memcpy(block, "abc", 4);
  EXPECT_EQ(arena.Reallocate(block, 400), block) << "the newest block grows where it is";
  arena.Allocate(1);
  auto* moved = static_cast<char*>(arena.Reallocate(block, 4000));
  EXPECT_NE(moved, block);
  EXPECT_STREQ(moved, "abc");
  EXPECT_EQ(arena.Reallocate(moved, 10), moved);
  EXPECT_NE(arena.Reallocate(nullptr, 10), nullptr);
}

TEST(Arena, BlocksLargerThanAnyMapping) {
  Arena arena;
  const size_t size = size_t{40} << 20;
  auto* large = static_cast<char*>(arena.Allocate(size));
  ASSERT_NE(large, nullptr);
  large[size - 1] = 1;
  EXPECT_NE(arena.Allocate(1), nullptr);
}

TEST(Arena, OutOfMemoryIsANullPointer) {
  Arena arena;
  EXPECT_EQ(arena.Allocate(SIZE_MAX), nullptr);
  EXPECT_EQ(arena.Allocate(size_t{1} << 60), nullptr);
  void* block = arena.Allocate(1);
  EXPECT_EQ(arena.Reallocate(block, SIZE_MAX - 8), nullptr);
}

TEST(Arena, CanBeUsedAgainOnceCleared) {
  Arena arena;
  arena.Allocate(1000);
  arena.Clear();
  EXPECT_NE(arena.Allocate(1000), nullptr);
}

Digest DigestOf(Arena* arena, const std::vector<TestRecord>& records) {
  CancelFlag cancel;
  std::optional<ArenaScope> scope;
  if (arena != nullptr) scope.emplace(*arena);
  TreeBuilder builder(cancel);
  builder.Add(MakeChunk(records));
  const NodePtr root = builder.Finish();
  NoOutput output;
  return WriteImage(root.get(), {}, output, cancel).digest;
}

TEST(Arena, AnImageIsTheSameWithinAndWithout) {
  Arena arena;
  const std::vector<TestRecord> records{
      Root(3), Folder("d", 1), EmptyFile("f"), {.name = "w", .mode = 0020000}, HardLink("g", 2)};
  EXPECT_EQ(DigestOf(&arena, records), DigestOf(nullptr, records));
}

TEST(Arena, OverlayXattrsComeOnTopOfTheBudgetAsTheyDoInACopy) {
  Arena arena;
  TestRecord full{.name = "f", .mode = 0100644, .first = 1, .flags = kPathFlag};
  full.strings = {std::string(4095, 'p')};
  full.xattrs = {{"user.a", std::string(32767 - 12 - 7 - 6, 'x')}};
  const std::vector<TestRecord> records{Root(1), full};
  EXPECT_EQ(DigestOf(&arena, records), DigestOf(nullptr, records));
}

#if COMPOSEFS_TUNED
extern "C" int composefs_strncmp(const char* a, const char* b, size_t limit);

TEST(Arena, TextsAreComparedAsByTheCLibrary) {
  const char* texts[] = {"", "a", "ab", "abc", "abd", "b", "\x80", "a\xff"};
  const auto sign = [](int value) { return (value > 0) - (value < 0); };
  for (const char* a : texts)
    for (const char* b : texts)
      for (size_t limit = 0; limit < 5; ++limit)
        EXPECT_EQ(composefs_strncmp(a, b, limit), sign(std::strncmp(a, b, limit))) << a << " " << b;
}
#endif

}  // namespace
}  // namespace composefs

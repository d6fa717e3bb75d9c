#include "arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

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

TEST(Arena, ArraysKeepTheirBytesWhereverTheyGrow) {
  Arena arena;
  auto* array = static_cast<char*>(arena.Reallocate(nullptr, 4));
  std::memcpy(array, "abc", 4);
  arena.Allocate(1);
  EXPECT_EQ(arena.Reallocate(array, 400), array) << "the newest array grows where it is";
  arena.Reallocate(nullptr, 1);
  auto* moved = static_cast<char*>(arena.Reallocate(array, 4000));
  EXPECT_NE(moved, array);
  EXPECT_STREQ(moved, "abc");
  EXPECT_EQ(arena.Reallocate(moved, 10), moved);
}

TEST(Arena, OnlyArraysCanGrow) {
  Arena arena;
  EXPECT_EQ(arena.Reallocate(arena.Allocate(16), 32), nullptr);
}

TEST(Arena, ABlockThatWasGivenBackIsForTheNextThatFits) {
  Arena arena;
  void* block = arena.Allocate(66);
  arena.Allocate(10);
  arena.Free(block);
  EXPECT_NE(arena.Allocate(100), block);
  EXPECT_NE(arena.Allocate(40), block) << "it is for what needs all of it";
  EXPECT_EQ(arena.Allocate(60), block);
  EXPECT_NE(arena.Allocate(60), block);
}

TEST(Arena, BlocksOfNoBytesTakeNone) {
  Arena arena;
  EXPECT_NE(arena.Allocate(0), nullptr);
  EXPECT_EQ(arena.Allocate(0), arena.Allocate(0));
  arena.Free(arena.Allocate(0));
  EXPECT_NE(arena.Allocate(1), arena.Allocate(0));
}

TEST(Arena, ZeroedMemoryIsNeverOneThatWasGivenBack) {
  Arena arena;
  auto* block = static_cast<char*>(arena.Allocate(64));
  std::memset(block, 'x', 64);
  arena.Free(block);
  const auto* zeroed = static_cast<const char*>(arena.AllocateZeroed(64));
  for (int i = 0; i < 64; ++i) ASSERT_EQ(zeroed[i], 0);
}

TEST(Arena, ATextThatCameBeforeIsNotCopiedAgain) {
  Arena arena;
  const std::string text = "trusted.overlay.metacopy";
  const char* copy = arena.CopyText(text.data(), text.size());
  EXPECT_NE(copy, text.data());
  EXPECT_EQ(arena.CopyText(std::string(text).data(), text.size()), copy);
  EXPECT_STREQ(arena.CopyText(text.data(), 7), "trusted") << "a part of it is a text of its own";
  EXPECT_STREQ(arena.CopyText("", 0), "");
}

TEST(Arena, TextsAreWhatTheyWereHoweverManyThereAre) {
  Arena arena;
  std::vector<const char*> copies;
  for (int i = 0; i < 3000; ++i) {
    const std::string text = std::to_string(i % 1000);
    arena.SetDepth(static_cast<size_t>(i) % 50);
    copies.push_back(arena.CopyText(text.data(), text.size()));
  }
  for (int i = 0; i < 3000; ++i) ASSERT_EQ(copies[static_cast<size_t>(i)], std::to_string(i % 1000));
}

TEST(Arena, NodesOfOneDepthStandTogether) {
  Arena arena;
  const auto take = [&](size_t depth) {
    arena.SetDepth(depth);
    return static_cast<std::byte*>(arena.AllocateZeroed(240));
  };
  std::byte* first = take(3);
  take(4);
  EXPECT_EQ(take(3), first + 240);
  std::byte* deep = take(1000);
  EXPECT_EQ(take(2000), deep + 240) << "what is deepest shares a place";
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
  EXPECT_EQ(arena.AllocateZeroed(SIZE_MAX), nullptr);
  void* array = arena.Reallocate(nullptr, 1);
  EXPECT_EQ(arena.Reallocate(array, SIZE_MAX - 8), nullptr);
}

TEST(Arena, CanBeUsedAgainOnceCleared) {
  Arena arena;
  arena.Allocate(1000);
  arena.Expect(10, 20, 30);
  EXPECT_EQ(arena.ExpectedXattrs(), 50u);
  arena.Clear();
  EXPECT_EQ(arena.ExpectedXattrs(), 0u);
  arena.Expect(10, 10, 10);
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

TEST(Arena, AnImageOfManyTextsIsTheSameWithinAndWithout) {
  Arena arena;
  std::vector<TestRecord> records{Root(2000)};
  for (int i = 0; i < 2000; ++i) {
    const std::string number = std::to_string(i);
    if (i % 4 == 0) {
      records.push_back({.name = "link" + number, .mode = 0120777, .strings = {"to" + number}});
    } else {
      records.push_back({.name = "file" + number,
                         .mode = 0100644,
                         .first = 77,
                         .flags = kPathFlag,
                         .strings = {"ob/ject" + number},
                         .xattrs = {{"user.n", number}, {"trusted.overlay.x", number}}});
    }
  }
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

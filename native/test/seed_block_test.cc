#include "seed_block.h"

#include <gtest/gtest.h>

#include <cstring>

#include "arena.h"

namespace composefs {
namespace {

TEST(SeedBlock, PiecesFollowEachOtherAndAreZero) {
  SeedBlock seed;
  std::byte* first = seed.Take(64);
  EXPECT_EQ(seed.Take(32), first + 64);
  for (size_t i = 0; i < 96; ++i) ASSERT_EQ(first[i], std::byte{0});
}

TEST(SeedBlock, IsKeptForTheNext) {
  std::byte* begin;
  {
    SeedBlock seed;
    begin = seed.Take(16);
  }
  SeedBlock next;
  EXPECT_EQ(next.Take(16), begin);
  EXPECT_NE(SeedBlock().Take(16), begin) << "two at a time are apart";
}

TEST(SeedBlock, HasAnEnd) {
  SeedBlock seed;
  EXPECT_EQ(seed.Take(size_t{1} << 40), nullptr);
  size_t taken = 0;
  while (seed.Take(4096) != nullptr) taken += 4096;
  EXPECT_GT(taken, 0u);
  seed.Return();
  EXPECT_EQ(seed.Take(16), nullptr) << "it is the next one's";
}

TEST(SeedBlock, AnArenaGivesItBackAsZeros) {
  {
    Arena arena;
    for (size_t depth = 0; depth < 40; ++depth) {
      arena.SetDepth(depth);
      for (int i = 0; i < 600; ++i) {
        std::memset(arena.AllocateZeroed(240), 'n', 240);
        std::memset(arena.Allocate(64), 'b', 64);
        arena.CopyText("some text", static_cast<size_t>(i) % 10);
        std::memset(arena.Reallocate(nullptr, 40), 'a', 40);
      }
    }
  }
  SeedBlock seed;
  while (const std::byte* piece = seed.Take(4096))
    for (size_t i = 0; i < 4096; ++i) ASSERT_EQ(piece[i], std::byte{0});
}

}  // namespace
}  // namespace composefs

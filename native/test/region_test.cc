#include "region.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <cstring>

namespace composefs {
namespace {

constexpr size_t kMegabyte = size_t{1} << 20;

TEST(Region, PiecesFollowEachOtherAndAreZero) {
  Region region;
  auto* first = static_cast<std::byte*>(region.Take(32));
  auto* second = static_cast<std::byte*>(region.Take(16));
  EXPECT_EQ(second, first + 32);
  for (size_t i = 0; i < 48; ++i) ASSERT_EQ(first[i], std::byte{0});
}

TEST(Region, TheLastPieceGrowsWhileThereIsRoom) {
  Region region;
  auto* piece = static_cast<std::byte*>(region.Take(16));
  EXPECT_TRUE(region.ExtendLast(piece, 4096));
  EXPECT_EQ(region.Take(16), piece + 4096);
  EXPECT_FALSE(region.ExtendLast(piece, 400 * kMegabyte));
}

TEST(Region, WhatIsReadyIsTakenFirstWhateverSizesAreAskedFor) {
  Region region;
  region.MakeReady(3 * kMegabyte);
  region.MakeReady(kMegabyte);
  region.MakeReady(5 * kMegabyte + 1);
  size_t taken = 0;
  for (const size_t size : {size_t{16}, 40 * kMegabyte, size_t{64}, kMegabyte, 2 * kMegabyte}) {
    auto* piece = static_cast<std::byte*>(region.Take(size));
    ASSERT_NE(piece, nullptr);
    std::memset(piece, 1, size);
    EXPECT_TRUE(region.Contains(piece));
    EXPECT_TRUE(region.Contains(piece + size - 1));
    taken += size;
  }
  EXPECT_GT(taken, 43 * kMegabyte);
}

TEST(Region, WhatIsMadeReadyWhenSomeIsInUseIsInTheLastMapping) {
  Region region;
  std::memset(region.Take(kMegabyte), 1, kMegabyte);
  std::memset(region.Take(3 * kMegabyte), 1, 3 * kMegabyte);
  region.MakeReady(8 * kMegabyte);
  EXPECT_NE(region.Take(4 * kMegabyte), nullptr);
}

TEST(Region, ContainsWhatWasTakenAndNothingElse) {
  Region region;
  const std::byte outside{};
  EXPECT_FALSE(region.Contains(&outside));
  region.Take(16);
  EXPECT_FALSE(region.Contains(&outside));
}

TEST(Region, OutOfMemoryIsANullPointer) {
  Region region;
  EXPECT_EQ(region.Take(size_t{1} << 60), nullptr);
  EXPECT_NE(region.Take(16), nullptr);
}

TEST(Region, WhatIsBorrowedIsTakenFirstAndGoesBackAsZeros) {
  for (const size_t more : {size_t{0}, size_t{64}, kMegabyte}) {
    alignas(16) std::array<std::byte, 256> lent{};
    Region region;
    region.Borrow(lent.data(), lent.size());
    region.MakeReady(2 * kMegabyte);
    std::byte* piece = lent.data();
    EXPECT_EQ(region.Take(64), piece);
    std::memset(piece, 1, 64);
    auto* next = static_cast<std::byte*>(region.Take(more));
    std::memset(next, 1, more);
    EXPECT_EQ(region.Contains(next) && next >= lent.data() && next < lent.data() + lent.size(), more <= 64);
    region.Clear();
    for (const std::byte byte : lent) ASSERT_EQ(byte, std::byte{0});
    EXPECT_FALSE(region.Contains(piece));
  }
}

TEST(Region, CanBeUsedAgainOnceCleared) {
  Region region;
  region.MakeReady(kMegabyte);
  std::memset(region.Take(64), 1, 64);
  region.Clear();
  region.MakeReady(64);
  EXPECT_EQ(static_cast<const std::byte*>(region.Take(64))[0], std::byte{0});
}

}  // namespace
}  // namespace composefs

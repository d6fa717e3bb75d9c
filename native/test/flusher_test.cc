#include "flusher.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstring>
#include <vector>

namespace composefs {
namespace {

Flusher::Buffer BufferOf(int value) {
  auto buffer = std::make_unique<uint8_t[]>(Flusher::kBufferSize);
  std::memset(buffer.get(), value, Flusher::kBufferSize);
  return buffer;
}

void Fill(Flusher& flusher, int count) {
  Flusher::Buffer buffer = BufferOf(0);
  for (int i = 1; i <= count; ++i) {
    buffer = flusher.Flush(std::move(buffer));
    std::memset(buffer.get(), i, Flusher::kBufferSize);
  }
  flusher.Finish({buffer.get(), 10});
}

void ExpectInOrder(const std::vector<int>& seen, int count) {
  ASSERT_EQ(seen.size(), static_cast<size_t>(count) + 1);
  for (int i = 0; i <= count; ++i) EXPECT_EQ(seen[i], i);
}

TEST(Flusher, BuffersComeWholeAndInTheirOrder) {
  std::vector<int> seen;
  size_t size = 0;
  Flusher flusher([&](std::span<const uint8_t> bytes) {
    for (const uint8_t byte : bytes) ASSERT_EQ(byte, bytes[0]);
    seen.push_back(bytes[0]);
    size += bytes.size();
  });
  Fill(flusher, 20);
  ExpectInOrder(seen, 20);
  EXPECT_EQ(size, 20 * Flusher::kBufferSize + 10);
}

TEST(Flusher, ManyAtOnceHaveNoThreadsOfTheirOwn) {
  const auto nothing = [](std::span<const uint8_t>) {};
  std::vector<std::unique_ptr<Flusher>> others;
  for (unsigned i = 0; i <= std::thread::hardware_concurrency(); ++i) {
    others.push_back(std::make_unique<Flusher>(nothing));
    others.back()->Flush(BufferOf(0));
  }
  std::vector<int> seen;
  std::thread::id thread;
  Flusher flusher([&](std::span<const uint8_t> bytes) {
    seen.push_back(bytes[0]);
    thread = std::this_thread::get_id();
  });
  Flusher::Buffer buffer = flusher.Flush(BufferOf(0));
  EXPECT_EQ(thread, std::this_thread::get_id());
  flusher.Finish({buffer.get(), 0});
}

TEST(Flusher, AFailureComesWithALaterCallAndStays) {
  const auto fail = [](std::span<const uint8_t>) { throw SystemFailure{ENOSPC, "write"}; };
  Flusher flusher(fail);
  const auto flush = [&] {
    Flusher::Buffer buffer = BufferOf(0);
    for (int i = 0; i < 3; ++i) buffer = flusher.Flush(std::move(buffer));
  };
  EXPECT_THROW(flush(), SystemFailure);
  EXPECT_THROW(flusher.Finish({}), SystemFailure);
}

TEST(Flusher, CanEndWithWorkOnItsWay) {
  int seen = 0;
  {
    Flusher flusher([&](std::span<const uint8_t>) { ++seen; });
    flusher.Flush(BufferOf(0));
  }
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace composefs

#include "zstd_stream.h"

#include <gtest/gtest.h>

#include <string>

namespace composefs {
namespace {

constexpr size_t kPiece = 1000;

std::vector<uint8_t> Frame(const std::string& text, int window_log = 0) {
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), ZSTD_freeCCtx);
  if (window_log != 0) ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window_log);
  std::vector<uint8_t> frame(ZSTD_compressBound(text.size()));
  ZSTD_outBuffer out{frame.data(), frame.size(), 0};
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  // Twice, so that the frame's header does not know the size.
  ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_continue);
  EXPECT_EQ(ZSTD_compressStream2(context.get(), &out, &in, ZSTD_e_end), 0u);
  frame.resize(out.pos);
  return frame;
}

std::vector<uint8_t> operator+(std::vector<uint8_t> left, const std::vector<uint8_t>& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

const std::vector<uint8_t> kSkippable{0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'x', 'y', 'z'};

struct Decoded {
  std::string text;
  std::string problem;
};

/// Feeds the input in chunks.
Decoded Decode(const std::vector<uint8_t>& input, size_t chunk, int window_log = 27) {
  ZstdStream stream(std::make_shared<BlockPool>(kPiece, 2), window_log);
  Decoded decoded;
  for (size_t at = 0;;) {
    switch (stream.Advance()) {
      case ZstdStream::State::kPiece: {
        const ZstdStream::Piece piece = stream.Take();
        EXPECT_LE(piece.size, kPiece);
        decoded.text.append(reinterpret_cast<const char*>(piece.data.get()), piece.size);
        break;
      }
      case ZstdStream::State::kHungry: {
        const size_t size = std::min(chunk, input.size() - at);
        if (size == 0)
          stream.End();
        else
          stream.Feed({input.begin() + static_cast<long>(at), input.begin() + static_cast<long>(at + size)});
        at += size;
        break;
      }
      case ZstdStream::State::kEnded:
        return decoded;
      case ZstdStream::State::kFailed:
        decoded.problem = stream.Problem();
        return decoded;
    }
  }
}

std::string SomeText(size_t size) {
  std::string text;
  for (size_t index = 0; text.size() < size; ++index) text += std::to_string(index * index) + ",";
  text.resize(size);
  return text;
}

TEST(ZstdStream, DecodesFramesInChunksOfAnySize) {
  const std::string one = SomeText(5000);
  const std::string two = SomeText(kPiece);
  const auto input = Frame(one) + kSkippable + Frame("") + Frame(two) + kSkippable;
  for (size_t chunk = 1; chunk <= input.size(); ++chunk) {
    const Decoded decoded = Decode(input, chunk);
    ASSERT_EQ(decoded.problem, "") << chunk;
    ASSERT_EQ(decoded.text, one + two) << chunk;
  }
}

TEST(ZstdStream, OfNothingIsNothing) {
  EXPECT_EQ(Decode({}, 1).text, "");
  EXPECT_EQ(Decode({}, 1).problem, "");
}

TEST(ZstdStream, NoticesTruncationAtAnyLength) {
  const std::string text = SomeText(3000);
  const auto input = Frame(text);
  for (size_t length = 1; length < input.size(); ++length) {
    const Decoded decoded = Decode({input.begin(), input.begin() + static_cast<long>(length)}, 7);
    ASSERT_EQ(decoded.problem, "truncated") << length;
    ASSERT_EQ(text.substr(0, decoded.text.size()), decoded.text) << length;
  }
}

TEST(ZstdStream, RefusesWhatIsNoFrame) {
  EXPECT_NE(Decode(Frame("text") + std::vector<uint8_t>{'t', 'e', 'x', 't'}, 100).problem, "");
  EXPECT_NE(Decode(Frame("text") + std::vector<uint8_t>{0, 0, 0, 0}, 100).problem, "");
}

TEST(ZstdStream, SurvivesEachDamagedByte) {
  const auto input = Frame(SomeText(3000)) + kSkippable + Frame(SomeText(10));
  for (size_t at = 0; at < input.size(); ++at)
    for (const uint8_t bits : {0x01, 0x80, 0xff}) {
      auto damaged = input;
      damaged[at] ^= bits;
      Decode(damaged, 64);
    }
}

TEST(ZstdStream, LimitsWindows) {
  const auto input = Frame(SomeText(3'000'000), 21);
  EXPECT_EQ(Decode(input, 1 << 16, 20).problem, "Frame requires too much memory for decoding");
  EXPECT_EQ(Decode(input, 1 << 16, 21).problem, "");
}

TEST(BlockPool, UsesBlocksAgain) {
  const auto pool = std::make_shared<BlockPool>(100, 1);
  uint8_t* first = pool->Take().get();
  BlockPool::Block again = pool->Take();
  EXPECT_EQ(again.get(), first);
  BlockPool::Block other = pool->Take();
  EXPECT_NE(other.get(), first);
}

TEST(BlockPool, LivesAsLongAsItsBlocks) {
  auto pool = std::make_shared<BlockPool>(100, 1);
  BlockPool::Block block = pool->Take();
  pool.reset();
  block.get()[99] = 1;
}

}  // namespace
}  // namespace composefs

#include "layer_encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace composefs {
namespace {

constexpr unsigned kBits = 12;

std::span<const uint8_t> BytesOf(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::vector<uint8_t> Noise(size_t size, uint32_t state = 1) {
  std::vector<uint8_t> bytes(size);
  for (uint8_t& byte : bytes) {
    state = state * 1103515245 + 12345;
    byte = static_cast<uint8_t>(state >> 24);
  }
  return bytes;
}

std::string Decompress(std::span<const uint8_t> frames) {
  std::string text(1 << 22, 0);
  const size_t size = ZSTD_decompress(text.data(), text.size(), frames.data(), frames.size());
  EXPECT_EQ(ZSTD_isError(size), 0u);
  text.resize(size);
  return text;
}

TEST(Crc64, OfACheckText) {
  for (size_t piece = 1; piece <= 9; ++piece) {
    Crc64 crc;
    const std::string text = "123456789";
    for (size_t at = 0; at < text.size(); at += piece) crc.Update(BytesOf(text.substr(at, piece)));
    EXPECT_EQ(crc.Value(), 0xb90956c775a41001);
  }
  EXPECT_EQ(Crc64().Value(), 0u);
}

TEST(Chunker, CutsInTheSamePlacesWhateverThePiecesWere) {
  std::vector<uint8_t> bytes = Noise(100000);
  std::fill(bytes.begin() + 20000, bytes.begin() + 23000, uint8_t{0});
  std::fill(bytes.begin() + 50000, bytes.begin() + 51023, uint8_t{0});
  std::vector<std::vector<uint64_t>> found;
  for (const size_t piece : {size_t{1}, size_t{7}, size_t{1024}, bytes.size()}) {
    std::vector<uint64_t>& cuts = found.emplace_back();
    Chunker chunker(kBits, {[&](std::span<const uint8_t> data) { cuts.push_back(data.size()); },
                            [&](uint64_t zeros) { cuts.push_back(zeros << 32); }});
    for (size_t at = 0; at < bytes.size(); at += piece)
      chunker.Add(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)));
    chunker.Finish();
  }
  for (const auto& cuts : found) EXPECT_EQ(cuts, found[0]);
  EXPECT_GT(found[0].size(), 10u);
  EXPECT_EQ(std::count_if(found[0].begin(), found[0].end(), [](uint64_t cut) { return cut >> 32 != 0; }), 1);
}

TEST(LayerEncoder, GivesFramesThatAreTheTar) {
  const CancelFlag cancel;
  LayerEncoder encoder(3, kBits);
  std::string tar;
  std::vector<uint8_t> output;
  for (uint32_t file = 0; file < 5; ++file) {
    const std::string header(512, static_cast<char>('a' + file));
    std::vector<uint8_t> content = Noise(30000, file + 1);
    std::fill(content.begin() + 1000, content.begin() + 9000, uint8_t{0});
    encoder.AddPlain(BytesOf(header));
    encoder.AddContent(content, cancel);
    const LayerEncoder::File told = encoder.EndContent(cancel);
    const auto taken = encoder.TakeOutput();
    output.insert(output.end(), taken.begin(), taken.end());
    tar += header + std::string(content.begin(), content.end());
    EXPECT_EQ(told.end, output.size());
    uint64_t size = 0;
    for (size_t i = 0; i < told.chunks.size(); ++i) {
      const auto& chunk = told.chunks[i];
      const uint64_t end = i + 1 < told.chunks.size() ? told.chunks[i + 1].offset : told.end;
      EXPECT_EQ(Decompress(std::span(output).subspan(chunk.offset, end - chunk.offset)),
                std::string(content.begin() + static_cast<long>(size),
                            content.begin() + static_cast<long>(size + chunk.size)));
      size += chunk.size;
    }
    EXPECT_EQ(size, content.size());
  }
  const Sha256::Digest digest = encoder.Finish();
  EXPECT_EQ(Decompress(output), tar);
  Sha256 expected;
  expected.Update(BytesOf(tar));
  EXPECT_EQ(digest, expected.Finish());
}

TEST(LayerEncoder, ManyHeadersWithoutContentAreFramesOfABoundedSize) {
  LayerEncoder encoder(1, kBits);
  const std::string header(700, 'h');
  std::string tar;
  for (int i = 0; i < 3000; ++i) {
    encoder.AddPlain(BytesOf(header));
    tar += header;
  }
  encoder.Finish();
  EXPECT_EQ(Decompress(encoder.TakeOutput()), tar);
}

TEST(LayerEncoder, StopsWhenItIsTold) {
  CancelFlag cancel;
  cancel.Set();
  LayerEncoder encoder(3, kBits);
  EXPECT_THROW(encoder.AddContent(Noise(10), cancel), Cancelled);
}

TEST(ZstdFrames, DoNotDependOnHowTheBytesCame) {
  const std::vector<uint8_t> bytes = Noise(500000);
  std::vector<std::vector<uint8_t>> found;
  for (const size_t piece : {size_t{1000}, size_t{1} << 17, bytes.size()}) {
    ZstdFrames frames(3);
    std::vector<uint8_t>& output = found.emplace_back();
    for (size_t at = 0; at < bytes.size(); at += piece)
      frames.Add(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)), output);
    frames.End(output);
  }
  for (const auto& output : found) EXPECT_EQ(output, found[0]);
}

}  // namespace
}  // namespace composefs

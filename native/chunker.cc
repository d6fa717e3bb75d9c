#include "chunker.h"

#include <utility>

namespace composefs {
namespace {

constexpr unsigned kMostTimes = 4;  // as a power of two

}  // namespace

Chunker::Chunker(unsigned bits, Sink sink)
    : mask_((uint32_t{1} << bits) - 1), sink_(std::move(sink)), chunk_(size_t{1} << (bits + kMostTimes)) {}

void Chunker::Add(std::span<const uint8_t> bytes) {
  for (size_t at = 0; at < bytes.size();) {
    size_t end = at;
    while (end < bytes.size() && bytes[end] == 0) ++end;
    if (end > at) AddZeros(end - at);
    if (end < bytes.size() && zeros_ > 0) EndZeros();
    for (; end < bytes.size() && bytes[end] != 0; ++end) AddByte(bytes[end]);
    at = end;
  }
}

void Chunker::AddZeros(uint64_t count) {
  zeros_ += count;
  if (zeros_ >= kHole) Cut();
}

void Chunker::EndZeros() {
  const uint64_t zeros = std::exchange(zeros_, 0);
  if (zeros >= kHole) {
    sink_.zeros(zeros);
    sum_.Reset();
    return;
  }
  for (uint64_t i = 0; i < zeros; ++i) AddByte(0);
}

void Chunker::AddByte(uint8_t byte) {
  chunk_[filled_++] = byte;
  sum_.Roll(byte);
  if (sum_.IsCut(mask_) || filled_ == chunk_.size()) Cut();
}

void Chunker::Cut() {
  if (const size_t size = std::exchange(filled_, 0); size > 0) sink_.data(std::span(chunk_).first(size));
}

void Chunker::Finish() {
  EndZeros();
  Cut();
  sum_.Reset();
}

}  // namespace composefs

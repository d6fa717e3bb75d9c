// Where a file's content is cut: at places that its bytes decide, so that equal parts of files that differ
// elsewhere become equal chunks; and around long runs of zeros. No Node in here.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace composefs {

/// A sum over the last 64 bytes, rolled along (as rsync and bup do): its low bits are all set at one of
/// 2^bits places.
class RollingSum {
 public:
  void Roll(uint8_t byte) {
    const uint32_t dropped = window_[at_];
    sum_ += byte - dropped;
    weighted_ += sum_ - kWindow * (dropped + kOffset);
    window_[at_] = byte;
    at_ = (at_ + 1) % kWindow;
  }

  bool IsCut(uint32_t mask) const { return (weighted_ & mask) == mask; }

  /// As after a window of zeros.
  void Reset() { *this = RollingSum(); }

 private:
  static constexpr uint32_t kWindow = 64;
  static constexpr uint32_t kOffset = 31;

  uint32_t sum_ = kWindow * kOffset;
  uint32_t weighted_ = kWindow * (kWindow - 1) * kOffset;
  uint32_t at_ = 0;
  uint8_t window_[kWindow] = {};
};

class Chunker {
 public:
  /// What is told of each chunk, in order: its bytes, valid during the call, or a number of zeros.
  struct Sink {
    std::function<void(std::span<const uint8_t>)> data;
    std::function<void(uint64_t)> zeros;
  };

  /// Chunks have 2^bits bytes on the average, and at most 16 times as many.
  Chunker(unsigned bits, Sink sink);

  /// Takes the next bytes of the file, in pieces of any length.
  void Add(std::span<const uint8_t> bytes);

  /// The file ends; what comes next is another one's.
  void Finish();

 private:
  /// So many zeros are a chunk of their own.
  static constexpr uint64_t kHole = 1024;

  void AddZeros(uint64_t count);
  void AddByte(uint8_t byte);
  void EndZeros();
  void Cut();

  const uint32_t mask_;
  const Sink sink_;
  RollingSum sum_;
  std::vector<uint8_t> chunk_;
  size_t filled_ = 0;
  uint64_t zeros_ = 0;  // behind the chunk: part of it, or a hole
};

}  // namespace composefs

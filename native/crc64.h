// CRC-64 with the polynomial of ISO 3309, as tar-splits have it for each file's content.
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace composefs {

/// A table for each of eight bytes.
struct Crc64Tables {
  /// The polynomial's bits, the lowest first.
  static constexpr uint64_t kPolynomial = 0xd800000000000000;

  constexpr Crc64Tables() {
    for (uint64_t i = 0; i < 256; ++i) {
      uint64_t crc = i;
      for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ kPolynomial : crc >> 1;
      of[0][i] = crc;
    }
    for (size_t i = 0; i < 256; ++i)
      for (size_t t = 1; t < 8; ++t) of[t][i] = of[0][of[t - 1][i] & 0xff] ^ of[t - 1][i] >> 8;
  }

  std::array<std::array<uint64_t, 256>, 8> of{};
};

inline constexpr Crc64Tables kCrc64Tables;

class Crc64 {
 public:
  void Update(std::span<const uint8_t> bytes) {
    uint64_t crc = ~value_;
    while (bytes.size() >= 8) {
      // Eight bytes at a time, each by a table of its own ("slicing-by-8").
      for (size_t i = 0; i < 8; ++i) crc ^= static_cast<uint64_t>(bytes[i]) << (8 * i);
      uint64_t next = 0;
      for (size_t i = 0; i < 8; ++i) next ^= kCrc64Tables.of[7 - i][crc >> (8 * i) & 0xff];
      crc = next;
      bytes = bytes.subspan(8);
    }
    for (const uint8_t byte : bytes) crc = kCrc64Tables.of[0][(crc ^ byte) & 0xff] ^ crc >> 8;
    value_ = ~crc;
  }

  uint64_t Value() const { return value_; }

 private:
  uint64_t value_ = 0;
};

}  // namespace composefs

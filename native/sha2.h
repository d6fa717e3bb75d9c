// SHA-256 and SHA-512, plainly (FIPS 180-4): for hosts without OpenSSL, and for unit tests.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace composefs {

/// The first 64 bits of the fractions of the cube roots of the first primes: SHA-256 takes the upper half of
/// each.
inline constexpr std::array<uint64_t, 80> kSha2Rounds = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817};

/// The same of their square roots.
inline constexpr std::array<uint64_t, 8> kSha2Start = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

/// Word is uint32_t for SHA-256, uint64_t for SHA-512.
template <typename Word>
class Sha2 {
 public:
  static constexpr size_t kDigestSize = 8 * sizeof(Word);

  void Update(std::span<const uint8_t> bytes) {
    for (const uint8_t byte : bytes) {
      block_[total_++ % kBlockSize] = byte;
      if (total_ % kBlockSize == 0) Compress();
    }
  }

  void Finish(uint8_t* digest) {
    const uint64_t bits = total_ * 8;
    constexpr std::array<uint8_t, kBlockSize> padding = {0x80};
    const size_t used = (total_ + 2 * sizeof(Word)) % kBlockSize;  // the length takes two words
    Update(std::span(padding).first(kBlockSize - used));
    std::array<uint8_t, 2 * sizeof(Word)> length{};
    for (size_t i = 0; i < 8; ++i) length[length.size() - 1 - i] = static_cast<uint8_t>(bits >> (8 * i));
    Update(length);
    for (size_t i = 0; i < kDigestSize; ++i)
      digest[i] = static_cast<uint8_t>(state_[i / sizeof(Word)] >> (kBits - 8 - 8 * (i % sizeof(Word))));
  }

 private:
  static constexpr bool kLong = sizeof(Word) == 8;
  static constexpr size_t kBits = 8 * sizeof(Word);
  static constexpr size_t kBlockSize = 16 * sizeof(Word);
  static constexpr size_t kRounds = kLong ? 80 : 64;

  static constexpr Word Upper(uint64_t value) { return static_cast<Word>(kLong ? value : value >> 32); }

  static constexpr std::array<Word, 8> Start() {
    std::array<Word, 8> state{};
    for (size_t i = 0; i < 8; ++i) state[i] = Upper(kSha2Start[i]);
    return state;
  }

  /// Rotated by the first two, and by the third or, for the schedule, shifted by it.
  static Word Mix(Word x, int a, int b, int c) { return std::rotr(x, a) ^ std::rotr(x, b) ^ std::rotr(x, c); }
  static Word MixShifted(Word x, int a, int b, int c) { return std::rotr(x, a) ^ std::rotr(x, b) ^ x >> c; }

  void Compress() {
    std::array<Word, kRounds> w{};
    for (size_t i = 0; i < kBlockSize; ++i) w[i / sizeof(Word)] = w[i / sizeof(Word)] << 8 | block_[i];
    for (size_t i = 16; i < kRounds; ++i) {
      const Word s0 = kLong ? MixShifted(w[i - 15], 1, 8, 7) : MixShifted(w[i - 15], 7, 18, 3);
      const Word s1 = kLong ? MixShifted(w[i - 2], 19, 61, 6) : MixShifted(w[i - 2], 17, 19, 10);
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (size_t i = 0; i < kRounds; ++i) {
      const Word s1 = kLong ? Mix(e, 14, 18, 41) : Mix(e, 6, 11, 25);
      const Word t1 = h + s1 + ((e & f) ^ (~e & g)) + Upper(kSha2Rounds[i]) + w[i];
      const Word s0 = kLong ? Mix(a, 28, 34, 39) : Mix(a, 2, 13, 22);
      const Word t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const std::array<Word, 8> add = {a, b, c, d, e, f, g, h};
    for (size_t i = 0; i < 8; ++i) state_[i] += add[i];
  }

  std::array<Word, 8> state_ = Start();
  std::array<uint8_t, kBlockSize> block_{};
  uint64_t total_ = 0;
};

}  // namespace composefs

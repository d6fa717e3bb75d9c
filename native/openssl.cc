// Where SHA-256 comes from. libcomposefs.a and this addon call six functions of OpenSSL, and node exports
// them: but a host without them (Bun, Deno, a unit test) would refuse to load the addon. So the linker sends
// the six through here (--wrap in binding.gyp): to the host's, declared weak, where it has them, and else to
// the plain SHA-256 below (FIPS 180-4).
#include "openssl.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <new>

extern "C" {

[[gnu::weak]] const EVP_MD* __real_EVP_sha256(void);
[[gnu::weak]] EVP_MD_CTX* __real_EVP_MD_CTX_new(void);
[[gnu::weak]] void __real_EVP_MD_CTX_free(EVP_MD_CTX*);
[[gnu::weak]] int __real_EVP_DigestInit_ex(EVP_MD_CTX*, const EVP_MD*, ENGINE*);
[[gnu::weak]] int __real_EVP_DigestUpdate(EVP_MD_CTX*, const void*, size_t);
[[gnu::weak]] int __real_EVP_DigestFinal_ex(EVP_MD_CTX*, unsigned char*, unsigned int*);

}  // extern "C"

namespace {

constexpr std::array<uint32_t, 64> kRound = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

uint32_t LoadBigEndian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

class PlainSha256 {
 public:
  void Reset() { *this = PlainSha256(); }

  void Update(const uint8_t* bytes, size_t size) {
    for (; size > 0; --size) {
      block_[total_++ % 64] = *bytes++;
      if (total_ % 64 == 0) Compress();
    }
  }

  void Finish(uint8_t* digest) {
    const uint64_t bits = total_ * 8;
    const uint8_t one = 0x80;
    const uint8_t zero = 0;
    Update(&one, 1);
    while (total_ % 64 != 56) Update(&zero, 1);
    for (int shift = 56; shift >= 0; shift -= 8) {
      const auto byte = static_cast<uint8_t>(bits >> shift);
      Update(&byte, 1);
    }
    for (size_t i = 0; i < 32; ++i) digest[i] = static_cast<uint8_t>(state_[i / 4] >> (24 - 8 * (i % 4)));
  }

 private:
  void Compress() {
    std::array<uint32_t, 64> w;
    for (size_t i = 0; i < 16; ++i) w[i] = LoadBigEndian(block_.data() + 4 * i);
    for (size_t i = 16; i < 64; ++i) {
      const uint32_t s0 = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
      const uint32_t s1 = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
      w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (size_t i = 0; i < 64; ++i) {
      const uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + kRound[i] + w[i];
      const uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + t1, d = c, c = b, b = a, a = t1 + t2;
    }
    const std::array<uint32_t, 8> add = {a, b, c, d, e, f, g, h};
    for (size_t i = 0; i < 8; ++i) state_[i] += add[i];
  }

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> block_;
  uint64_t total_ = 0;
};

// All six or none: a context must not pass from one implementation to the other.
bool HostHasOpenssl() {
  return __real_EVP_sha256 && __real_EVP_MD_CTX_new && __real_EVP_MD_CTX_free && __real_EVP_DigestInit_ex &&
         __real_EVP_DigestUpdate && __real_EVP_DigestFinal_ex;
}

PlainSha256* Plain(EVP_MD_CTX* context) {
  return reinterpret_cast<PlainSha256*>(context);
}

}  // namespace

extern "C" {

const EVP_MD* __wrap_EVP_sha256(void) {
  static const char token = 0;
  return HostHasOpenssl() ? __real_EVP_sha256() : reinterpret_cast<const EVP_MD*>(&token);
}

EVP_MD_CTX* __wrap_EVP_MD_CTX_new(void) {
  if (HostHasOpenssl()) return __real_EVP_MD_CTX_new();
  return reinterpret_cast<EVP_MD_CTX*>(new (std::nothrow) PlainSha256);
}

void __wrap_EVP_MD_CTX_free(EVP_MD_CTX* context) {
  if (HostHasOpenssl()) return __real_EVP_MD_CTX_free(context);
  delete Plain(context);
}

int __wrap_EVP_DigestInit_ex(EVP_MD_CTX* context, const EVP_MD* type, ENGINE* engine) {
  if (HostHasOpenssl()) return __real_EVP_DigestInit_ex(context, type, engine);
  Plain(context)->Reset();
  return 1;
}

int __wrap_EVP_DigestUpdate(EVP_MD_CTX* context, const void* data, size_t size) {
  if (HostHasOpenssl()) return __real_EVP_DigestUpdate(context, data, size);
  Plain(context)->Update(static_cast<const uint8_t*>(data), size);
  return 1;
}

int __wrap_EVP_DigestFinal_ex(EVP_MD_CTX* context, unsigned char* digest, unsigned int* size) {
  if (HostHasOpenssl()) return __real_EVP_DigestFinal_ex(context, digest, size);
  Plain(context)->Finish(digest);
  if (size != nullptr) *size = 32;
  return 1;
}

}  // extern "C"

#include "verity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "openssl.h"

namespace composefs {
namespace {

std::string Hex(std::span<const uint8_t> digest) {
  std::string text;
  for (const uint8_t byte : digest) {
    constexpr char kDigits[] = "0123456789abcdef";
    text += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return text;
}

Digest DigestOf(const std::vector<uint8_t>& bytes, size_t piece) {
  VerityHasher hasher;
  const std::span<const uint8_t> all(bytes);
  for (size_t at = 0; at < all.size(); at += piece)
    hasher.Update(all.subspan(at, std::min(piece, all.size() - at)));
  return hasher.Finish();
}

// The expected digests are those that the fsverity program prints.
TEST(Verity, EmptyFile) {
  EXPECT_EQ(Hex(DigestOf({}, 1)), "3d248ca542a24fc62d1c43b916eae5016878e2533c88238480b26128a1f1af95");
}

TEST(Verity, PiecesOfAnyLength) {
  std::vector<uint8_t> bytes(4096 * 130 + 17);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * 7 + i / 251);
  const Digest whole = DigestOf(bytes, bytes.size());
  for (const size_t piece : {1000, 4095, 4096, 4097, 65536})
    EXPECT_EQ(DigestOf(bytes, piece), whole) << piece;
}

void ExpectRunIsItsBytes(HashAlgorithm algorithm, uint64_t before, uint64_t zeros, uint64_t after) {
  VerityHasher plain(algorithm);
  VerityHasher sparse(algorithm);
  const std::vector<uint8_t> bytes(std::max(before, after), 7);
  for (VerityHasher* hasher : {&plain, &sparse}) {
    hasher->Update(std::span(bytes).first(before));
    if (hasher == &plain)
      hasher->Update(std::vector<uint8_t>(zeros));
    else
      hasher->UpdateZeros(zeros);
    hasher->Update(std::span(bytes).first(after));
  }
  ASSERT_EQ(plain.FinishBytes(), sparse.FinishBytes()) << before << " " << zeros << " " << after;
}

TEST(Verity, RunsOfZerosAreThoseBytes) {
  for (const HashAlgorithm algorithm : {HashAlgorithm::kSha256, HashAlgorithm::kSha512})
    for (const uint64_t before : {0, 1, 4097, 128 * 4096 + 1})
      for (const uint64_t zeros : {1, 4095, 4096, 8192, 127 * 4096, 128 * 4096, 129 * 4096})
        for (const uint64_t after : {0, 5, 4096}) ExpectRunIsItsBytes(algorithm, before, zeros, after);
}

// 64 MB of bytes, hashed without the processor's instructions: one is enough.
TEST(Verity, ARunOfZerosOverThreeLevels) {
  ExpectRunIsItsBytes(HashAlgorithm::kSha256, 4097, 128 * 128 * 4096 + 4097, 5);
}

TEST(Verity, ManyRunsOfZerosAreOne) {
  VerityHasher one;
  VerityHasher many;
  one.UpdateZeros(uint64_t{1} << 33);
  for (int i = 0; i < 8; ++i) many.UpdateZeros(uint64_t{1} << 30);
  EXPECT_EQ(one.Finish(), many.Finish());
}

TEST(Sha512, TheStandardsExample) {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  std::array<uint8_t, 64> digest;
  ASSERT_EQ(EVP_DigestInit_ex(context, EVP_sha512(), nullptr), 1);
  for (int i = 0; i < 2; ++i) {  // begun anew, it is still SHA-512
    ASSERT_EQ(EVP_DigestInit_ex(context, nullptr, nullptr), 1);
    ASSERT_EQ(EVP_DigestUpdate(context, "abc", 3), 1);
    ASSERT_EQ(EVP_DigestFinal_ex(context, digest.data(), nullptr), 1);
    EXPECT_EQ(Hex(digest),
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  }
  EVP_MD_CTX_free(context);
}

TEST(Sha256, TheStandardsExample) {
  // FIPS 180-4's "abc". Linked without OpenSSL, this is the code of our own.
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  Digest digest;
  ASSERT_EQ(EVP_DigestInit_ex(context, EVP_sha256(), nullptr), 1);
  ASSERT_EQ(EVP_DigestUpdate(context, "abc", 3), 1);
  ASSERT_EQ(EVP_DigestFinal_ex(context, digest.data(), nullptr), 1);
  EVP_MD_CTX_free(context);
  EXPECT_EQ(Hex(digest), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace composefs

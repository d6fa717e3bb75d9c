#include "verity.h"

#include <gtest/gtest.h>

#include <string>

#include "openssl.h"

namespace composefs {
namespace {

std::string Hex(const Digest& digest) {
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

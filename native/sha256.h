// SHA-256 as a stream, of the host's OpenSSL (see openssl.cc).
#pragma once

#include <array>
#include <cstdint>
#include <new>
#include <span>

#include "openssl.h"

namespace composefs {

class Sha256 {
 public:
  using Digest = std::array<uint8_t, 32>;

  /// Throws std::bad_alloc, as all of these.
  Sha256() : context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr || EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) != 1) Fail();
  }
  ~Sha256() { EVP_MD_CTX_free(context_); }
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void Update(std::span<const uint8_t> bytes) {
    if (EVP_DigestUpdate(context_, bytes.data(), bytes.size()) != 1) Fail();
  }

  /// The digest of what came; the next bytes begin another one.
  Digest Finish() {
    Digest digest;
    if (EVP_DigestFinal_ex(context_, digest.data(), nullptr) != 1) Fail();
    if (EVP_DigestInit_ex(context_, nullptr, nullptr) != 1) Fail();
    return digest;
  }

 private:
  [[noreturn]] void Fail() {
    EVP_MD_CTX_free(context_);
    context_ = nullptr;
    throw std::bad_alloc();
  }

  EVP_MD_CTX* context_;
};

}  // namespace composefs

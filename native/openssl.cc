// Where SHA-256 and SHA-512 come from. libcomposefs.a and this addon call seven functions of OpenSSL, and
// node exports them: but a host without them (Bun, Deno, a unit test) would refuse to load the addon. So the
// linker sends the seven through here (--wrap in binding.gyp): to the host's, declared weak, where it has
// them, and else to the plain ones of sha2.h.
#include "openssl.h"

#include <cstdint>
#include <new>
#include <variant>

#include "sha2.h"

extern "C" {

[[gnu::weak]] const EVP_MD* __real_EVP_sha256(void);
[[gnu::weak]] const EVP_MD* __real_EVP_sha512(void);
[[gnu::weak]] EVP_MD_CTX* __real_EVP_MD_CTX_new(void);
[[gnu::weak]] void __real_EVP_MD_CTX_free(EVP_MD_CTX*);
[[gnu::weak]] int __real_EVP_DigestInit_ex(EVP_MD_CTX*, const EVP_MD*, ENGINE*);
[[gnu::weak]] int __real_EVP_DigestUpdate(EVP_MD_CTX*, const void*, size_t);
[[gnu::weak]] int __real_EVP_DigestFinal_ex(EVP_MD_CTX*, unsigned char*, unsigned int*);

}  // extern "C"

namespace {

/// A context; begun anew, it keeps the algorithm.
struct PlainHash {
  std::variant<composefs::Sha2<uint32_t>, composefs::Sha2<uint64_t>> hash;
};

const char kPlainSha256 = 0;
const char kPlainSha512 = 0;

// All seven or none: a context must not pass from one implementation to the other.
bool HostHasOpenssl() {
  return __real_EVP_sha256 && __real_EVP_sha512 && __real_EVP_MD_CTX_new && __real_EVP_MD_CTX_free &&
         __real_EVP_DigestInit_ex && __real_EVP_DigestUpdate && __real_EVP_DigestFinal_ex;
}

PlainHash* Plain(EVP_MD_CTX* context) {
  return reinterpret_cast<PlainHash*>(context);
}

}  // namespace

extern "C" {

const EVP_MD* __wrap_EVP_sha256(void) {
  return HostHasOpenssl() ? __real_EVP_sha256() : reinterpret_cast<const EVP_MD*>(&kPlainSha256);
}

const EVP_MD* __wrap_EVP_sha512(void) {
  return HostHasOpenssl() ? __real_EVP_sha512() : reinterpret_cast<const EVP_MD*>(&kPlainSha512);
}

EVP_MD_CTX* __wrap_EVP_MD_CTX_new(void) {
  if (HostHasOpenssl()) return __real_EVP_MD_CTX_new();
  return reinterpret_cast<EVP_MD_CTX*>(new (std::nothrow) PlainHash);
}

void __wrap_EVP_MD_CTX_free(EVP_MD_CTX* context) {
  if (HostHasOpenssl()) return __real_EVP_MD_CTX_free(context);
  delete Plain(context);
}

int __wrap_EVP_DigestInit_ex(EVP_MD_CTX* context, const EVP_MD* type, ENGINE* engine) {
  if (HostHasOpenssl()) return __real_EVP_DigestInit_ex(context, type, engine);
  PlainHash* plain = Plain(context);
  const bool as_before = type == nullptr && plain->hash.index() == 1;
  if (as_before || type == reinterpret_cast<const EVP_MD*>(&kPlainSha512))
    plain->hash.emplace<1>();
  else
    plain->hash.emplace<0>();
  return 1;
}

int __wrap_EVP_DigestUpdate(EVP_MD_CTX* context, const void* data, size_t size) {
  if (HostHasOpenssl()) return __real_EVP_DigestUpdate(context, data, size);
  const std::span bytes(static_cast<const uint8_t*>(data), size);
  std::visit([bytes](auto& hash) { hash.Update(bytes); }, Plain(context)->hash);
  return 1;
}

int __wrap_EVP_DigestFinal_ex(EVP_MD_CTX* context, unsigned char* digest, unsigned int* size) {
  if (HostHasOpenssl()) return __real_EVP_DigestFinal_ex(context, digest, size);
  std::visit(
      [=](auto& hash) {
        hash.Finish(digest);
        if (size != nullptr) *size = hash.kDigestSize;
      },
      Plain(context)->hash);
  return 1;
}

}  // extern "C"

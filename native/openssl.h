// The seven functions of OpenSSL that this addon and libcomposefs call. They are declared here because the
// headers of OpenSSL are not on every machine; the functions themselves are node's own (see openssl.cc).
#pragma once

#include <cstddef>

extern "C" {

typedef struct evp_md_st EVP_MD;
typedef struct evp_md_ctx_st EVP_MD_CTX;
typedef struct engine_st ENGINE;

const EVP_MD* EVP_sha256(void);
const EVP_MD* EVP_sha512(void);
EVP_MD_CTX* EVP_MD_CTX_new(void);
void EVP_MD_CTX_free(EVP_MD_CTX* context);
int EVP_DigestInit_ex(EVP_MD_CTX* context, const EVP_MD* type, ENGINE* engine);
int EVP_DigestUpdate(EVP_MD_CTX* context, const void* data, size_t size);
int EVP_DigestFinal_ex(EVP_MD_CTX* context, unsigned char* digest, unsigned int* size);

}  // extern "C"

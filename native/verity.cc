#include "verity.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "openssl.h"

namespace composefs {
namespace {

constexpr size_t kBlockSize = 4096;

/// struct fsverity_descriptor of the kernel, which hashes it byte for byte. Numbers are little-endian.
struct Descriptor {
  uint8_t version = 1;
  uint8_t hash_algorithm = 1;  // SHA-256
  uint8_t log_block_size = 12;
  uint8_t salt_size = 0;
  uint32_t signature_size = 0;
  uint64_t data_size = 0;
  uint8_t root_hash[64] = {};
  uint8_t salt[32] = {};
  uint8_t reserved[144] = {};
};
static_assert(sizeof(Descriptor) == 256);

}  // namespace

/// OpenSSL's SHA-256 with one context for all blocks: initialising it with the algorithm each time would
/// cost a tenth of the time of hashing a block.
class VerityHasher::Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new()) {
    if (context_ == nullptr || EVP_DigestInit_ex(context_, EVP_sha256(), nullptr) != 1)
      throw std::bad_alloc();
  }
  ~Sha256() { EVP_MD_CTX_free(context_); }

  Digest Hash(const void* bytes, size_t size) {
    Digest digest;
    if (EVP_DigestInit_ex(context_, nullptr, nullptr) != 1 || EVP_DigestUpdate(context_, bytes, size) != 1 ||
        EVP_DigestFinal_ex(context_, digest.data(), nullptr) != 1)
      throw std::bad_alloc();
    return digest;
  }

 private:
  EVP_MD_CTX* context_;
};

VerityHasher::VerityHasher() : sha256_(std::make_unique<Sha256>()) {}
VerityHasher::~VerityHasher() = default;

Digest VerityHasher::HashBlock(const uint8_t* block) {
  return sha256_->Hash(block, kBlockSize);
}

void VerityHasher::AddHash(size_t level, const Digest& hash) {
  if (level == levels_.size()) levels_.emplace_back();
  Level& at = levels_[level];
  if (at.filled == kBlockSize) {
    const Digest full = HashBlock(at.block.data());
    at.filled = 0;
    AddHash(level + 1, full);
  }
  Level& target = levels_[level];  // AddHash may have moved the levels
  std::copy(hash.begin(), hash.end(), target.block.begin() + static_cast<ptrdiff_t>(target.filled));
  target.filled += hash.size();
}

void VerityHasher::Update(std::span<const uint8_t> bytes) {
  size_ += bytes.size();
  if (data_.filled > 0) {
    const size_t taken = std::min(bytes.size(), kBlockSize - data_.filled);
    std::memcpy(data_.block.data() + data_.filled, bytes.data(), taken);
    data_.filled += taken;
    bytes = bytes.subspan(taken);
    if (data_.filled < kBlockSize) return;
    AddHash(0, HashBlock(data_.block.data()));
    data_.filled = 0;
  }
  for (; bytes.size() >= kBlockSize; bytes = bytes.subspan(kBlockSize)) AddHash(0, HashBlock(bytes.data()));
  if (!bytes.empty()) std::memcpy(data_.block.data(), bytes.data(), bytes.size());
  data_.filled = bytes.size();
}

Digest VerityHasher::Finish() {
  const auto hash_padded = [this](Level& level) {
    std::fill(level.block.begin() + static_cast<ptrdiff_t>(level.filled), level.block.end(), 0);
    level.filled = 0;
    return HashBlock(level.block.data());
  };
  if (data_.filled > 0) AddHash(0, hash_padded(data_));
  Digest root{};
  // The top level is the first that holds a single hash and has nothing above it.
  for (size_t level = 0; level < levels_.size(); ++level) {
    const bool top = level + 1 == levels_.size();
    if (top && levels_[level].filled == root.size()) {
      std::copy_n(levels_[level].block.begin(), root.size(), root.begin());
      break;
    }
    const Digest hash = hash_padded(levels_[level]);
    AddHash(level + 1, hash);
  }
  Descriptor descriptor;
  descriptor.data_size = size_;
  std::copy(root.begin(), root.end(), descriptor.root_hash);
  return sha256_->Hash(&descriptor, sizeof(descriptor));
}

}  // namespace composefs

#include "verity.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "openssl.h"

namespace composefs {
namespace {

/// struct fsverity_descriptor of the kernel, which hashes it byte for byte. Numbers are little-endian.
struct Descriptor {
  uint8_t version = 1;
  uint8_t hash_algorithm = 1;
  uint8_t log_block_size = 12;
  uint8_t salt_size = 0;
  uint32_t signature_size = 0;
  uint64_t data_size = 0;
  uint8_t root_hash[64] = {};
  uint8_t salt[32] = {};
  uint8_t reserved[144] = {};
};
static_assert(sizeof(Descriptor) == 256);

constexpr std::array<uint8_t, 4096> kZeroBlock{};

}  // namespace

/// OpenSSL's hash with one context for all blocks: initialising it with the algorithm each time would
/// cost a tenth of the time of hashing a block.
class VerityHasher::Hasher {
 public:
  explicit Hasher(HashAlgorithm algorithm) : context_(EVP_MD_CTX_new()) {
    const EVP_MD* type = algorithm == HashAlgorithm::kSha256 ? EVP_sha256() : EVP_sha512();
    if (context_ == nullptr || EVP_DigestInit_ex(context_.get(), type, nullptr) != 1) throw std::bad_alloc();
  }

  Hash Of(const void* bytes, size_t size) {
    Hash hash;
    EVP_MD_CTX* context = context_.get();
    if (EVP_DigestInit_ex(context, nullptr, nullptr) != 1 || EVP_DigestUpdate(context, bytes, size) != 1 ||
        EVP_DigestFinal_ex(context, hash.bytes.data(), nullptr) != 1)
      throw std::bad_alloc();
    return hash;
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

VerityHasher::VerityHasher(HashAlgorithm algorithm)
    : hasher_(std::make_unique<Hasher>(algorithm)), algorithm_(algorithm), hash_size_(HashSize(algorithm)) {}
VerityHasher::~VerityHasher() = default;

VerityHasher::Hash VerityHasher::HashBlock(const uint8_t* block) {
  return hasher_->Of(block, kBlockSize);
}

/// Of a block that ends early: zeros follow.
VerityHasher::Hash VerityHasher::HashPadded(Level& level) {
  std::fill(level.block.begin() + static_cast<ptrdiff_t>(level.filled), level.block.end(), 0);
  level.filled = 0;
  return HashBlock(level.block.data());
}

void VerityHasher::Append(Level& level, const Hash& hash) {
  std::copy_n(hash.bytes.begin(), hash_size_, level.block.begin() + static_cast<ptrdiff_t>(level.filled));
  level.filled += hash_size_;
}

void VerityHasher::AddHash(size_t level, const Hash& hash) {
  if (level == levels_.size()) levels_.emplace_back();
  // A full block is hashed when something follows it: the topmost hash has nothing above it.
  if (levels_[level].filled == kBlockSize) AddHash(level + 1, HashPadded(levels_[level]));
  Append(levels_[level], hash);  // not a reference from before: AddHash may have moved the levels
}

/// The same hash many times: blocks full of it are hashed once.
void VerityHasher::AddRun(size_t level, const Hash& hash, uint64_t count) {
  const uint64_t per_block = kBlockSize / hash_size_;
  const auto is_partial = [&] {
    return level < levels_.size() && levels_[level].filled != 0 && levels_[level].filled != kBlockSize;
  };
  for (; count > 0 && is_partial(); --count) AddHash(level, hash);
  if (count > per_block) {
    AddHash(level, hash);  // also hands up a block that is full
    Level& at = levels_[level];
    while (at.filled < kBlockSize) Append(at, hash);
    const uint64_t blocks = (count - 1) / per_block;
    const Hash full = HashPadded(at);
    AddRun(level + 1, full, blocks);
    count -= blocks * per_block;
  }
  for (; count > 0; --count) AddHash(level, hash);
}

void VerityHasher::Update(std::span<const uint8_t> bytes) {
  if (bytes.empty()) return;
  size_ += bytes.size();
  if (data_.filled > 0) {
    const size_t taken = std::min(bytes.size(), kBlockSize - data_.filled);
    std::memcpy(data_.block.data() + data_.filled, bytes.data(), taken);
    data_.filled += taken;
    bytes = bytes.subspan(taken);
    if (data_.filled < kBlockSize) return;
    AddHash(0, HashPadded(data_));
  }
  for (; bytes.size() >= kBlockSize; bytes = bytes.subspan(kBlockSize)) AddHash(0, HashBlock(bytes.data()));
  if (!bytes.empty()) std::memcpy(data_.block.data(), bytes.data(), bytes.size());
  data_.filled = bytes.size();
}

void VerityHasher::UpdateHashed(std::span<const uint8_t> hashes) {
  for (; !hashes.empty(); hashes = hashes.subspan(hash_size_)) {
    Hash hash;
    std::copy_n(hashes.begin(), hash_size_, hash.bytes.begin());
    AddHash(0, hash);
    size_ += kBlockSize;
  }
}

void VerityHasher::UpdateZeros(uint64_t count) {
  if (data_.filled > 0 || count < kBlockSize) {
    const uint64_t taken = std::min<uint64_t>(count, kBlockSize - data_.filled);
    Update(std::span(kZeroBlock).first(static_cast<size_t>(taken)));
    count -= taken;
  }
  const uint64_t blocks = count / kBlockSize;
  if (blocks > 0) AddRun(0, HashBlock(kZeroBlock.data()), blocks);
  size_ += blocks * kBlockSize;
  if (count % kBlockSize > 0) Update(std::span(kZeroBlock).first(static_cast<size_t>(count % kBlockSize)));
}

std::vector<uint8_t> VerityHasher::FinishBytes() {
  if (data_.filled > 0) AddHash(0, HashPadded(data_));
  Descriptor descriptor;
  descriptor.hash_algorithm = static_cast<uint8_t>(algorithm_);
  descriptor.data_size = size_;
  // The top level is the first that holds a single hash and has nothing above it.
  for (size_t level = 0; level < levels_.size(); ++level) {
    const bool top = level + 1 == levels_.size();
    if (top && levels_[level].filled == hash_size_) {
      std::copy_n(levels_[level].block.begin(), hash_size_, descriptor.root_hash);
      break;
    }
    const Hash hash = HashPadded(levels_[level]);
    AddHash(level + 1, hash);
  }
  const Hash digest = hasher_->Of(&descriptor, sizeof(descriptor));
  return {digest.bytes.begin(), digest.bytes.begin() + static_cast<ptrdiff_t>(hash_size_)};
}

Digest VerityHasher::Finish() {
  const std::vector<uint8_t> bytes = FinishBytes();
  Digest digest;
  std::copy_n(bytes.begin(), digest.size(), digest.begin());
  return digest;
}

BlockHasher::BlockHasher(HashAlgorithm algorithm)
    : hasher_(std::make_unique<VerityHasher::Hasher>(algorithm)), hash_size_(HashSize(algorithm)) {}
BlockHasher::~BlockHasher() = default;

void BlockHasher::HashBlocks(std::span<const uint8_t> blocks, uint8_t* hashes) {
  for (; !blocks.empty(); blocks = blocks.subspan(VerityHasher::kBlockSize), hashes += hash_size_)
    std::copy_n(hasher_->Of(blocks.data(), VerityHasher::kBlockSize).bytes.begin(), hash_size_, hashes);
}

}  // namespace composefs

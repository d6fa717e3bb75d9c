// fs-verity digests in software, as the kernel computes them: SHA-256 or SHA-512, blocks of 4,096 bytes, no
// salt.
//
// The bytes are hashed block by block; the hashes, 128 (or 64) to a block, are hashed again, level by level,
// to one root hash; the digest is the hash of a descriptor that holds the root hash and the file's size
// (Documentation/filesystems/fsverity.rst in the kernel's tree). Of an empty file the root hash is zero:
// libcomposefs 1.0.8 gets that one wrong, so its own functions are not used.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace composefs {

using Digest = std::array<uint8_t, 32>;

/// The values are the kernel's (FS_VERITY_HASH_ALG_*).
enum class HashAlgorithm : uint8_t { kSha256 = 1, kSha512 = 2 };

/// Bytes of a hash.
constexpr size_t HashSize(HashAlgorithm algorithm) {
  return algorithm == HashAlgorithm::kSha256 ? 32 : 64;
}

class BlockHasher;

class VerityHasher {
 public:
  static constexpr size_t kBlockSize = 4096;

  explicit VerityHasher(HashAlgorithm algorithm = HashAlgorithm::kSha256);
  ~VerityHasher();
  VerityHasher(const VerityHasher&) = delete;
  VerityHasher& operator=(const VerityHasher&) = delete;

  /// Takes the next bytes of the file, in pieces of any length.
  void Update(std::span<const uint8_t> bytes);

  /// Takes a run of zeros, in a time that hardly depends on its length.
  void UpdateZeros(uint64_t count);

  /// Takes the next blocks of the file by their hashes, as BlockHasher has them; no block may be half taken.
  void UpdateHashed(std::span<const uint8_t> hashes);

  /// The SHA-256 digest of all bytes taken; the hasher cannot be used any more.
  Digest Finish();

  /// The same for any algorithm: 32 or 64 bytes.
  std::vector<uint8_t> FinishBytes();

  uint64_t Size() const { return size_; }
  HashAlgorithm Algorithm() const { return algorithm_; }

 private:
  friend BlockHasher;

  struct Hash {
    std::array<uint8_t, 64> bytes{};
  };
  struct Level {
    std::array<uint8_t, kBlockSize> block;
    size_t filled = 0;
  };

  Hash HashBlock(const uint8_t* block);
  Hash HashPadded(Level& level);
  void AddHash(size_t level, const Hash& hash);
  void AddRun(size_t level, const Hash& hash, uint64_t count);
  void Append(Level& level, const Hash& hash);

  class Hasher;
  std::unique_ptr<Hasher> hasher_;
  HashAlgorithm algorithm_;
  size_t hash_size_;
  Level data_;                 // bytes that do not fill a block yet
  std::vector<Level> levels_;  // hashes that do not fill a block yet, the lowest level first
  uint64_t size_ = 0;
};

/// Hashes of blocks alone, which any thread can compute.
class BlockHasher {
 public:
  explicit BlockHasher(HashAlgorithm algorithm);
  ~BlockHasher();
  BlockHasher(const BlockHasher&) = delete;
  BlockHasher& operator=(const BlockHasher&) = delete;

  /// Whole blocks; their hashes go one behind the other.
  void HashBlocks(std::span<const uint8_t> blocks, uint8_t* hashes);

 private:
  std::unique_ptr<VerityHasher::Hasher> hasher_;
  size_t hash_size_;
};

}  // namespace composefs

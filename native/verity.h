// fs-verity digests in software, as the kernel computes them: SHA-256, blocks of 4,096 bytes, no salt.
//
// The bytes are hashed block by block; the hashes, 128 to a block, are hashed again, level by level, to one
// root hash; the digest is the hash of a descriptor that holds the root hash and the file's size
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

class VerityHasher {
 public:
  VerityHasher();
  ~VerityHasher();
  VerityHasher(const VerityHasher&) = delete;
  VerityHasher& operator=(const VerityHasher&) = delete;

  /// Takes the next bytes of the file, in pieces of any length.
  void Update(std::span<const uint8_t> bytes);

  /// The digest of all bytes taken; the hasher cannot be used any more.
  Digest Finish();

 private:
  struct Level {
    std::array<uint8_t, 4096> block;
    size_t filled = 0;
  };

  Digest HashBlock(const uint8_t* block);
  void AddHash(size_t level, const Digest& hash);

  class Sha256;
  std::unique_ptr<Sha256> sha256_;
  Level data_;                 // bytes that do not fill a block yet
  std::vector<Level> levels_;  // hashes that do not fill a block yet, the lowest level first
  uint64_t size_ = 0;
};

}  // namespace composefs

// A tar becomes the compressed part of a zstd:chunked layer: each chunk of a file's content a frame by
// itself, what stands between contents in frames of its own. No Node in here.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "cancel.h"
#include "chunker.h"
#include "crc64.h"
#include "sha256.h"
#include "verity.h"
#include "zstd_frames.h"

namespace composefs {

class LayerEncoder {
 public:
  struct Chunk {
    uint64_t size;    // bytes of the file
    uint64_t offset;  // of its frame in the layer
    bool zeros;
    Sha256::Digest digest;  // zero if it is the only one
  };

  struct File {
    std::vector<Chunk> chunks;
    uint64_t end;  // in the layer, of the last chunk's frame
    uint64_t crc;
    Sha256::Digest sha256;
    Digest verity;
  };

  /// Throws std::bad_alloc, as all of these.
  LayerEncoder(int level, unsigned chunk_bits);

  /// Takes bytes of the tar that are no content.
  void AddPlain(std::span<const uint8_t> bytes);

  /// Takes the next bytes of a file's content.
  void AddContent(std::span<const uint8_t> bytes, const CancelFlag& cancel);

  /// The content ends; it had at least one byte.
  File EndContent(const CancelFlag& cancel);

  /// The tar ends. The digest of all of it.
  Sha256::Digest Finish();

  /// The frames that are complete, and not taken yet.
  std::vector<uint8_t> TakeOutput();

 private:
  void EndPlain();
  void AddChunk(std::span<const uint8_t> bytes);
  void AddZeros(uint64_t count);
  void Describe(uint64_t size, bool zeros, uint64_t offset);
  bool NeedsDigest() const { return !is_last_ || !chunks_.empty(); }
  uint64_t Offset() const { return written_ + output_.size(); }

  ZstdFrames frames_;
  std::vector<uint8_t> plain_;
  std::vector<uint8_t> output_;
  uint64_t written_ = 0;  // bytes of output that were taken
  Sha256 tar_;
  Sha256 file_;
  Sha256 chunk_;
  Crc64 crc_;
  std::optional<VerityHasher> verity_;
  std::vector<Chunk> chunks_;
  bool is_last_ = false;                // the chunk that comes is its file's last
  const CancelFlag* cancel_ = nullptr;  // of the call at hand
  Chunker chunker_;
};

}  // namespace composefs

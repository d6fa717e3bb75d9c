// Bytes into zstd frames. What comes out depends on the bytes, the level and libzstd's version alone, not on
// how the bytes came. No Node in here.
#pragma once

#include <zstd.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace composefs {

class ZstdFrames {
 public:
  /// Throws std::bad_alloc, as all of these.
  explicit ZstdFrames(int level);

  /// Appends one frame of these bytes.
  void Whole(std::span<const uint8_t> bytes, std::vector<uint8_t>& to);

  /// Begins a frame of so many bytes, which is then in its header. Without it, a frame begins by itself.
  void Begin(uint64_t size);

  /// Takes the next bytes of a frame; what is ready of it is appended.
  void Add(std::span<const uint8_t> bytes, std::vector<uint8_t>& to);

  /// Ends the frame that was added to.
  void End(std::vector<uint8_t>& to);

 private:
  struct FreeContext {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  };

  void Compress(ZSTD_EndDirective how, std::vector<uint8_t>& to);

  std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
  std::vector<uint8_t> step_;  // libzstd is called with steps of one size
};

}  // namespace composefs

// zstd frames, one after the other, into pieces of one size. No Node in here.
#pragma once

#include <zstd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "block_pool.h"

namespace composefs {

class ZstdStream {
 public:
  struct Piece {
    BlockPool::Block data;
    size_t size = 0;
  };

  enum class State {
    kPiece,   // there is a piece to take; there may be more in the input
    kHungry,  // the input is used up
    kEnded,   // the input is used up, there will be no more, and it ended with a frame
    kFailed,  // see Problem()
  };

  /// Pieces are the pool's blocks. Throws std::bad_alloc.
  ZstdStream(std::shared_ptr<BlockPool> pool, int window_log);
  ~ZstdStream() { pool_->Retire(); }
  ZstdStream(const ZstdStream&) = delete;
  ZstdStream& operator=(const ZstdStream&) = delete;

  /// Takes the next bytes, and gives back the last ones, which must be used up.
  std::vector<uint8_t> Feed(std::vector<uint8_t> input);

  /// There are no more bytes after those that have been taken.
  void End() { ended_ = true; }

  /// Decodes until a piece is full or the input is used up. Throws std::bad_alloc.
  State Advance();

  /// The piece that is there.
  Piece Take();

  /// What libzstd says is wrong with the input, or "truncated".
  const std::string& Problem() const { return problem_; }

 private:
  struct FreeContext {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };

  State AtEnd();
  State Fail(std::string problem);

  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  const std::shared_ptr<BlockPool> pool_;
  std::vector<uint8_t> input_;
  size_t used_ = 0;
  Piece piece_;
  bool in_frame_ = false;
  bool ended_ = false;
  std::string problem_;
};

}  // namespace composefs

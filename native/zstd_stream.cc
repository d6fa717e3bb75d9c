#include "zstd_stream.h"

#include <zstd_errors.h>

#include <new>
#include <utility>

namespace composefs {

ZstdStream::ZstdStream(std::shared_ptr<BlockPool> pool, int window_log)
    : context_(ZSTD_createDCtx()), pool_(std::move(pool)) {
  if (context_ == nullptr) throw std::bad_alloc();
  ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, window_log);
}

std::vector<uint8_t> ZstdStream::Feed(std::vector<uint8_t> input) {
  used_ = 0;
  return std::exchange(input_, std::move(input));
}

ZstdStream::State ZstdStream::Advance() {
  if (!problem_.empty()) return State::kFailed;
  for (;;) {
    if (piece_.data == nullptr) piece_.data = pool_->Take();
    // Also without input: a frame's last bytes may wait in the decoder.
    ZSTD_inBuffer in{input_.data(), input_.size(), used_};
    ZSTD_outBuffer out{piece_.data.get(), pool_->BlockSize(), piece_.size};
    // A call between two frames would begin the next one.
    const bool idle = !in_frame_ && used_ == input_.size();
    const size_t result = idle ? 0 : ZSTD_decompressStream(context_.get(), &out, &in);
    const bool progress = in.pos != used_ || out.pos != piece_.size;
    used_ = in.pos;
    piece_.size = out.pos;
    if (ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation) throw std::bad_alloc();
    if (ZSTD_isError(result) != 0) return Fail(ZSTD_getErrorName(result));
    in_frame_ = result != 0;
    if (piece_.size == pool_->BlockSize()) return State::kPiece;
    if (used_ == input_.size() && !progress) return AtEnd();
  }
}

ZstdStream::State ZstdStream::AtEnd() {
  if (!ended_) return State::kHungry;
  // What there is comes out before the error: it may be wanted up to there.
  if (piece_.size > 0) return State::kPiece;
  return in_frame_ ? Fail("truncated") : State::kEnded;
}

ZstdStream::State ZstdStream::Fail(std::string problem) {
  problem_ = std::move(problem);
  return State::kFailed;
}

ZstdStream::Piece ZstdStream::Take() {
  return std::exchange(piece_, Piece{});
}

}  // namespace composefs

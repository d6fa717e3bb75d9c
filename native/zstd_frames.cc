#include "zstd_frames.h"

#include <algorithm>
#include <new>

namespace composefs {
namespace {

constexpr size_t kStep = 1 << 17;

}  // namespace

ZstdFrames::ZstdFrames(int level) : context_(ZSTD_createCCtx()) {
  if (context_ == nullptr) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
}

void ZstdFrames::Whole(std::span<const uint8_t> bytes, std::vector<uint8_t>& to) {
  const size_t start = to.size();
  to.resize(start + ZSTD_compressBound(bytes.size()));
  const size_t size =
      ZSTD_compress2(context_.get(), to.data() + start, to.size() - start, bytes.data(), bytes.size());
  // With room enough, memory is all that can fail.
  if (ZSTD_isError(size) != 0) throw std::bad_alloc();
  to.resize(start + size);
}

void ZstdFrames::Begin(uint64_t size) {
  ZSTD_CCtx_reset(context_.get(), ZSTD_reset_session_only);
  ZSTD_CCtx_setPledgedSrcSize(context_.get(), size);
}

void ZstdFrames::Add(std::span<const uint8_t> bytes, std::vector<uint8_t>& to) {
  while (!bytes.empty()) {
    // A full step waits for the next byte: which call is the last must not depend on how the bytes came.
    if (step_.size() == kStep) Compress(ZSTD_e_continue, to);
    const auto part = bytes.first(std::min(bytes.size(), kStep - step_.size()));
    step_.insert(step_.end(), part.begin(), part.end());
    bytes = bytes.subspan(part.size());
  }
}

void ZstdFrames::End(std::vector<uint8_t>& to) {
  Compress(ZSTD_e_end, to);
}

void ZstdFrames::Compress(ZSTD_EndDirective how, std::vector<uint8_t>& to) {
  ZSTD_inBuffer in{step_.data(), step_.size(), 0};
  for (bool done = false; !done;) {
    const size_t start = to.size();
    to.resize(start + ZSTD_CStreamOutSize());
    ZSTD_outBuffer out{to.data() + start, to.size() - start, 0};
    const size_t left = ZSTD_compressStream2(context_.get(), &out, &in, how);
    if (ZSTD_isError(left) != 0) throw std::bad_alloc();
    to.resize(start + out.pos);
    done = how == ZSTD_e_end ? left == 0 : in.pos == in.size;
  }
  step_.clear();
}

}  // namespace composefs

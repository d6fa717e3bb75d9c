#include "layer_encoder.h"

#include <algorithm>
#include <utility>

namespace composefs {
namespace {

/// Frames of what is no content are cut here, so that memory is bounded, and in the same places whatever the
/// pieces were.
constexpr size_t kMostPlain = 1 << 20;
/// How often long work looks if it is to stop.
constexpr size_t kStep = 1 << 18;

std::span<const uint8_t> Zeros() {
  static const std::vector<uint8_t> zeros(kStep);
  return zeros;
}

}  // namespace

LayerEncoder::LayerEncoder(int level, unsigned chunk_bits)
    : frames_(level),
      chunker_(chunk_bits, {[this](std::span<const uint8_t> bytes) { AddChunk(bytes); },
                            [this](uint64_t count) { AddZeros(count); }}) {}

void LayerEncoder::AddPlain(std::span<const uint8_t> bytes) {
  tar_.Update(bytes);
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), kMostPlain - plain_.size()));
    plain_.insert(plain_.end(), part.begin(), part.end());
    bytes = bytes.subspan(part.size());
    if (plain_.size() == kMostPlain) EndPlain();
  }
}

void LayerEncoder::EndPlain() {
  if (!plain_.empty()) frames_.Whole(plain_, output_);
  plain_.clear();
}

void LayerEncoder::AddContent(std::span<const uint8_t> bytes, const CancelFlag& cancel) {
  EndPlain();
  cancel_ = &cancel;
  if (!verity_) verity_.emplace();
  while (!bytes.empty()) {
    cancel.Checkpoint();
    const auto part = bytes.first(std::min(bytes.size(), kStep));
    tar_.Update(part);
    file_.Update(part);
    crc_.Update(part);
    verity_->Update(part);
    chunker_.Add(part);
    bytes = bytes.subspan(part.size());
  }
}

LayerEncoder::File LayerEncoder::EndContent(const CancelFlag& cancel) {
  cancel_ = &cancel;
  is_last_ = true;
  chunker_.Finish();
  is_last_ = false;
  if (!verity_) verity_.emplace();
  File file{std::move(chunks_), Offset(), crc_.Value(), file_.Finish(), verity_->Finish()};
  chunks_.clear();
  crc_ = Crc64();
  verity_.reset();
  return file;
}

Sha256::Digest LayerEncoder::Finish() {
  EndPlain();
  return tar_.Finish();
}

std::vector<uint8_t> LayerEncoder::TakeOutput() {
  written_ += output_.size();
  return std::exchange(output_, {});
}

void LayerEncoder::AddChunk(std::span<const uint8_t> bytes) {
  cancel_->Checkpoint();
  const uint64_t offset = Offset();
  frames_.Whole(bytes, output_);
  if (NeedsDigest()) chunk_.Update(bytes);
  Describe(bytes.size(), false, offset);
}

void LayerEncoder::AddZeros(uint64_t count) {
  const uint64_t offset = Offset();
  frames_.Begin(count);
  for (uint64_t left = count; left > 0;) {
    cancel_->Checkpoint();
    const auto part = Zeros().first(std::min<uint64_t>(left, kStep));
    frames_.Add(part, output_);
    if (NeedsDigest()) chunk_.Update(part);
    left -= part.size();
  }
  frames_.End(output_);
  Describe(count, true, offset);
}

void LayerEncoder::Describe(uint64_t size, bool zeros, uint64_t offset) {
  chunks_.push_back({size, offset, zeros, chunk_.Finish()});
}

}  // namespace composefs

// The native half of src/zstd.ts: a decoder, and one job for each call that it takes.
#include "zstd.h"

#include <atomic>
#include <optional>

#include "job.h"
#include "zstd_stream.h"

namespace composefs {
namespace {

/// One decoder's: the stream, used by one job at a time.
struct Decoder {
  Decoder(size_t piece_size, int window_log) : stream(piece_size, window_log) {}

  ZstdStream stream;
  std::atomic<bool> busy{false};
};

/// Decodes up to the next piece.
class ZstdJob final : public Job {
 public:
  ZstdJob(Napi::Env env, std::shared_ptr<Decoder> decoder, const Napi::Value& input, bool end)
      : Job(env), decoder_(std::move(decoder)), end_(end) {
    if (!input.IsArray()) return;
    const auto chunks = input.As<Napi::Array>();
    input_.emplace();
    // Copied, so that nobody can take the memory away meanwhile; it is the smaller side.
    for (uint32_t index = 0; index < chunks.Length(); ++index) {
      const auto chunk = chunks.Get(index).As<Napi::Uint8Array>();
      input_->insert(input_->end(), chunk.Data(), chunk.Data() + chunk.ByteLength());
    }
  }

 private:
  Turn Run() override {
    cancel().Checkpoint();
    if (decoder_->busy.exchange(true)) throw SystemFailure{EBUSY, "zstd"};
    try {
      if (input_) decoder_->stream.Feed(std::move(*input_));
      if (end_) decoder_->stream.End();
      state_ = decoder_->stream.Advance();
      if (state_ == ZstdStream::State::kPiece) piece_ = decoder_->stream.Take();
      if (state_ == ZstdStream::State::kFailed) problem_ = decoder_->stream.Problem();
    } catch (...) {
      decoder_->busy = false;
      throw;
    }
    decoder_->busy = false;
    return Turn::kDone;
  }

  Napi::Value Result(Napi::Env env) override {
    Napi::Object result = Napi::Object::New(env);
    if (state_ == ZstdStream::State::kFailed) {
      result.Set("problem", problem_);
    } else if (state_ == ZstdStream::State::kPiece) {
      uint8_t* data = piece_.data.release();
      // Copied where the host forbids memory that is not its own (Electron).
      result.Set("piece", Napi::Buffer<uint8_t>::NewOrCopy(env, data, piece_.size,
                                                           [](Napi::Env, uint8_t* bytes) { free(bytes); }));
    }
    return result;
  }

  std::shared_ptr<Decoder> decoder_;
  std::optional<std::vector<uint8_t>> input_;
  bool end_;
  ZstdStream::State state_ = ZstdStream::State::kHungry;
  ZstdStream::Piece piece_;
  std::string problem_;
};

}  // namespace

Napi::Value OpenZstdDecoder(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto piece_size = static_cast<size_t>(info[0].As<Napi::Number>().Int64Value());
  const int window_log = info[1].As<Napi::Number>().Int32Value();
  const auto decoder = std::make_shared<Decoder>(piece_size, window_log);
  const auto decode = [decoder](const Napi::CallbackInfo& call) {
    const auto job = std::make_shared<ZstdJob>(call.Env(), decoder, call[0], call[1].ToBoolean());
    job->Schedule();
    const auto cancel = [job](const Napi::CallbackInfo&) { job->Cancel(); };
    Napi::Object result = Napi::Object::New(call.Env());
    result.Set("promise", job->Promise());
    result.Set("cancel", Napi::Function::New(call.Env(), cancel, "cancel"));
    return result;
  };
  Napi::Object result = Napi::Object::New(env);
  result.Set("decode", Napi::Function::New(env, decode, "decode"));
  return result;
}

}  // namespace composefs

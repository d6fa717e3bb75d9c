// The native half of src/zstd.ts: a decoder, and one job for each call that it takes.
#include "zstd_decoder.h"

#include <mutex>

#include "call_job.h"
#include "exclusive.h"
#include "function.h"
#include "zstd_stream.h"

namespace composefs {
namespace {

/// 32 MiB: about what waits for a garbage collection, and comes back at once with it.
constexpr size_t kIdlePieces = 64;

/// Of a job: between two jobs the decoder waits for the main thread.
constexpr size_t kPiecesAtATime = 8;

/// One decoder's: the stream, used by one job at a time, and what it has not been given yet.
class Decoder {
 public:
  Decoder(size_t piece_size, int window_log)
      : stream(std::make_shared<BlockPool>(piece_size, kIdlePieces), window_log) {}

  Exclusive<ZstdStream> stream;

  /// Main thread. Copied, so that nobody can take the memory away meanwhile; it is the smaller side.
  void Feed(const Napi::Uint8Array& chunk) {
    const std::lock_guard lock(mutex_);
    if (is_closed_) return;
    inbox_.insert(inbox_.end(), chunk.Data(), chunk.Data() + chunk.ByteLength());
  }

  size_t Waiting() {
    const std::lock_guard lock(mutex_);
    return inbox_.size();
  }

  /// A worker thread. `end`: nothing comes after what is in the inbox now.
  ZstdStream::State Advance(ZstdStream& from, bool end) {
    for (;;) {
      const ZstdStream::State state = from.Advance();
      if (state != ZstdStream::State::kHungry) return state;
      if (TakeInbox(from)) continue;
      if (!end) return state;
      from.End();
    }
  }

  /// A worker thread: nothing more is decoded.
  void Close() {
    stream.Free();
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
    inbox_ = {};
  }

 private:
  /// Gives the stream what there is, and keeps its last memory for what comes.
  bool TakeInbox(ZstdStream& to) {
    const std::lock_guard lock(mutex_);
    if (inbox_.empty()) return false;
    inbox_ = to.Feed(std::move(inbox_));
    inbox_.clear();
    return true;
  }

  std::mutex mutex_;  // of what follows
  std::vector<uint8_t> inbox_;
  bool is_closed_ = false;
};

/// Decodes the next few pieces.
class ZstdJob final : public Job {
 public:
  ZstdJob(Napi::Env env, std::shared_ptr<Decoder> decoder, bool end)
      : Job(env), decoder_(std::move(decoder)), end_(end) {}

 private:
  Turn Run() override {
    cancel().Checkpoint();
    const Exclusive<ZstdStream>::Use stream(decoder_->stream, "zstd");
    Decode(*stream);
    if (state_ == ZstdStream::State::kFailed) problem_ = stream->Problem();
    if (state_ == ZstdStream::State::kFailed || state_ == ZstdStream::State::kEnded) decoder_->stream.Free();
    return Turn::kDone;
  }

  void Decode(ZstdStream& stream) {
    while (pieces_.size() < kPiecesAtATime) {
      cancel().Checkpoint();
      state_ = decoder_->Advance(stream, end_);
      if (state_ != ZstdStream::State::kPiece) break;
      pieces_.push_back(stream.Take());
    }
  }

  Napi::Value Result(Napi::Env env) override {
    Napi::Object result = Napi::Object::New(env);
    const Napi::Array pieces = Napi::Array::New(env, pieces_.size());
    for (size_t index = 0; index < pieces_.size(); ++index)
      pieces.Set(static_cast<uint32_t>(index), ToBuffer(env, std::move(pieces_[index])));
    result.Set("pieces", pieces);
    result.Set("hungry", state_ == ZstdStream::State::kHungry);
    result.Set("ended", state_ == ZstdStream::State::kEnded);
    if (state_ == ZstdStream::State::kFailed) result.Set("problem", problem_);
    return result;
  }

  static Napi::Value ToBuffer(Napi::Env env, ZstdStream::Piece piece) {
    const BlockPool::Return give_back = piece.data.get_deleter();
    const auto finalize = [give_back](Napi::Env, uint8_t* bytes) { give_back(bytes); };
    // Copied where the host forbids memory that is not its own (Electron).
    const auto buffer = Napi::Buffer<uint8_t>::NewOrCopy(env, piece.data.get(), piece.size, finalize);
    static_cast<void>(piece.data.release());  // the buffer's, now that there is one
    return buffer;
  }

  std::shared_ptr<Decoder> decoder_;
  const bool end_;
  ZstdStream::State state_ = ZstdStream::State::kHungry;
  std::vector<ZstdStream::Piece> pieces_;
  std::string problem_;
};

}  // namespace

Napi::Value OpenZstdDecoder(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto piece_size = static_cast<size_t>(info[0].As<Napi::Number>().Int64Value());
  const int window_log = info[1].As<Napi::Number>().Int32Value();
  const auto decoder = std::make_shared<Decoder>(piece_size, window_log);
  const auto feed = [decoder](const Napi::CallbackInfo& call) {
    decoder->Feed(call[0].As<Napi::Uint8Array>());
  };
  const auto waiting = [decoder](const Napi::CallbackInfo& call) {
    return Napi::Number::New(call.Env(), static_cast<double>(decoder->Waiting()));
  };
  const auto decode = [decoder](const Napi::CallbackInfo& call) {
    return StartJob(call.Env(), std::make_shared<ZstdJob>(call.Env(), decoder, call[0].ToBoolean()));
  };
  const auto close = [decoder](const Napi::CallbackInfo& call) {
    if (!decoder->stream.IsOver()) ReleaseSoon(call.Env(), [decoder] { decoder->Close(); });
  };
  Napi::Object result = Napi::Object::New(env);
  result.Set("feed", MakeFunction(env, feed, "feed"));
  result.Set("waiting", MakeFunction(env, waiting, "waiting"));
  result.Set("decode", MakeFunction(env, decode, "decode"));
  result.Set("close", MakeFunction(env, close, "close"));
  return result;
}

}  // namespace composefs

// The native half of src/zstd.ts: a decoder, and one job for each call that it takes.
#include "zstd_decoder.h"

#include <atomic>
#include <mutex>

#include "function.h"
#include "job.h"
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
      : stream_(std::make_shared<BlockPool>(piece_size, kIdlePieces), window_log) {}

  /// Main thread. Copied, so that nobody can take the memory away meanwhile; it is the smaller side.
  void Feed(const Napi::Uint8Array& chunk) {
    const std::lock_guard lock(mutex_);
    inbox_.insert(inbox_.end(), chunk.Data(), chunk.Data() + chunk.ByteLength());
  }

  size_t Waiting() {
    const std::lock_guard lock(mutex_);
    return inbox_.size();
  }

  /// A worker thread. `end`: nothing comes after what is in the inbox now.
  ZstdStream::State Advance(bool end) {
    for (;;) {
      const ZstdStream::State state = stream_.Advance();
      if (state != ZstdStream::State::kHungry) return state;
      if (TakeInbox()) continue;
      if (!end) return state;
      stream_.End();
    }
  }

  ZstdStream::Piece Take() { return stream_.Take(); }
  const std::string& Problem() const { return stream_.Problem(); }

  std::atomic<bool> busy{false};

 private:
  /// Gives the stream what there is, and keeps its last memory for what comes.
  bool TakeInbox() {
    const std::lock_guard lock(mutex_);
    if (inbox_.empty()) return false;
    inbox_ = stream_.Feed(std::move(inbox_));
    inbox_.clear();
    return true;
  }

  ZstdStream stream_;
  std::mutex mutex_;  // of the inbox
  std::vector<uint8_t> inbox_;
};

/// Decodes the next few pieces.
class ZstdJob final : public Job {
 public:
  ZstdJob(Napi::Env env, std::shared_ptr<Decoder> decoder, bool end)
      : Job(env), decoder_(std::move(decoder)), end_(end) {}

 private:
  Turn Run() override {
    cancel().Checkpoint();
    if (decoder_->busy.exchange(true)) throw SystemFailure{EBUSY, "zstd"};
    const struct Guard {
      Decoder& decoder;
      ~Guard() { decoder.busy = false; }
    } guard{*decoder_};
    Decode();
    return Turn::kDone;
  }

  void Decode() {
    while (pieces_.size() < kPiecesAtATime) {
      cancel().Checkpoint();
      state_ = decoder_->Advance(end_);
      if (state_ != ZstdStream::State::kPiece) break;
      pieces_.push_back(decoder_->Take());
    }
    if (state_ == ZstdStream::State::kFailed) problem_ = decoder_->Problem();
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
  Napi::Object result = Napi::Object::New(env);
  result.Set("feed", MakeFunction(env, feed, "feed"));
  result.Set("waiting", MakeFunction(env, waiting, "waiting"));
  result.Set("decode", MakeFunction(env, decode, "decode"));
  return result;
}

}  // namespace composefs

// The native half of src/toc/layer-encoder.ts and src/zstd-encode.ts: encoders, and one job for each call
// that they take. One job of an encoder at a time.
#include "layer_encoder_jobs.h"

#include <bit>
#include <cstring>

#include "call_job.h"
#include "exclusive.h"
#include "function.h"
#include "layer_encoder.h"
#include "zstd_frames.h"

namespace composefs {
namespace {

using Bytes = std::vector<uint8_t>;

/// How often long work looks if it is to stop.
constexpr size_t kStep = 1 << 20;

constexpr const char* kCall = "zstd";

/// Buffers of JavaScript's, which nobody changes while the job runs.
class Pieces {
 public:
  explicit Pieces(const Napi::Array& pieces) {
    for (uint32_t i = 0; i < pieces.Length(); ++i) {
      const Napi::Value value = pieces.Get(i);
      const auto array = value.As<Napi::Uint8Array>();
      references_.push_back(Napi::Persistent(array));
      bytes_.emplace_back(array.Data(), array.ByteLength());
    }
  }

  void Clear() {
    references_.clear();
    bytes_.clear();
  }

  size_t size() const { return bytes_.size(); }
  std::span<const uint8_t> operator[](size_t i) const { return bytes_[i]; }

 private:
  std::vector<Napi::Reference<Napi::Uint8Array>> references_;
  std::vector<std::span<const uint8_t>> bytes_;
};

/// Main thread. Copied where the host forbids memory that is not its own (Electron). Of no bytes Node would
/// make a buffer that is detached, which cannot even be copied.
Napi::Value ToBuffer(Napi::Env env, Bytes bytes) {
  if (bytes.empty()) return Napi::Buffer<uint8_t>::New(env, 0);
  auto owned = std::make_unique<Bytes>(std::move(bytes));
  const auto finalize = [](Napi::Env, uint8_t*, Bytes* hint) { delete hint; };
  const auto buffer =
      Napi::Buffer<uint8_t>::NewOrCopy(env, owned->data(), owned->size(), finalize, owned.get());
  static_cast<void>(owned.release());  // the buffer's, now that there is one
  return buffer;
}

using SharedLayer = std::shared_ptr<Exclusive<LayerEncoder>>;
using SharedFrames = std::shared_ptr<Exclusive<ZstdFrames>>;

/// What a piece is; the numbers are those of src/toc/layer-encoder.ts.
enum Kind : uint8_t { kPlain = 0, kContent = 1, kEndOfContent = 2, kEnd = 3 };

/// Told of files: doubles, little-endian, and digests between them. src/toc/layer-encoder.ts reads it.
class Report {
 public:
  void Number(uint64_t value) {
    const auto number = std::bit_cast<std::array<uint8_t, 8>>(static_cast<double>(value));
    Add(number);
  }
  void Crc(uint64_t crc) {
    for (int shift = 56; shift >= 0; shift -= 8) bytes_.push_back(static_cast<uint8_t>(crc >> shift));
  }
  void Add(std::span<const uint8_t> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  Bytes Take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

class LayerJob final : public Job {
 public:
  LayerJob(Napi::Env env, SharedLayer layer, const Napi::Uint8Array& kinds, const Napi::Array& pieces)
      : Job(env),
        layer_(std::move(layer)),
        kinds_(kinds.Data(), kinds.Data() + kinds.ByteLength()),
        pieces_(pieces) {}

 private:
  Turn Run() override {
    const Exclusive<LayerEncoder>::Use encoder(*layer_, kCall);
    for (size_t i = 0; i < pieces_.size() && i < kinds_.size(); ++i) {
      cancel().Checkpoint();
      if (kinds_[i] == kPlain) encoder->AddPlain(pieces_[i]);
      if (kinds_[i] == kContent) encoder->AddContent(pieces_[i], cancel());
      if (kinds_[i] == kEndOfContent) Tell(encoder->EndContent(cancel()));
      if (kinds_[i] == kEnd) {
        report_.Add(encoder->Finish());
        layer_->Free();  // when this ends
      }
    }
    output_ = encoder->TakeOutput();
    return Turn::kDone;
  }

  void Tell(const LayerEncoder::File& file) {
    report_.Crc(file.crc);
    report_.Add(file.sha256);
    report_.Add(file.verity);
    report_.Number(file.end);
    report_.Number(file.chunks.size());
    for (const LayerEncoder::Chunk& chunk : file.chunks) {
      report_.Number(chunk.size);
      report_.Number(chunk.offset);
      report_.Number(chunk.zeros ? 1 : 0);
      report_.Add(chunk.digest);
    }
  }

  Napi::Value Result(Napi::Env env) override {
    Napi::Object result = Napi::Object::New(env);
    result.Set("output", ToBuffer(env, std::move(output_)));
    result.Set("report", ToBuffer(env, report_.Take()));
    return result;
  }

  void Release() override { pieces_.Clear(); }

  SharedLayer layer_;
  const Bytes kinds_;
  Pieces pieces_;
  Bytes output_;
  Report report_;
};

class FramesJob final : public Job {
 public:
  FramesJob(Napi::Env env, SharedFrames frames, const Napi::Array& pieces, bool end)
      : Job(env), frames_(std::move(frames)), pieces_(pieces), end_(end) {}

 private:
  Turn Run() override {
    const Exclusive<ZstdFrames>::Use frames(*frames_, kCall);
    for (size_t i = 0; i < pieces_.size(); ++i)
      for (auto bytes = pieces_[i]; !bytes.empty();) {
        cancel().Checkpoint();
        const auto step = bytes.first(std::min(bytes.size(), kStep));
        frames->Add(step, output_);
        bytes = bytes.subspan(step.size());
      }
    if (end_) {
      frames->End(output_);
      frames_->Free();
    }
    return Turn::kDone;
  }

  Napi::Value Result(Napi::Env env) override { return ToBuffer(env, std::move(output_)); }
  void Release() override { pieces_.Clear(); }

  SharedFrames frames_;
  Pieces pieces_;
  const bool end_;
  Bytes output_;
};

/// Large contexts take long to free: not on the main thread.
template <typename Encoder>
auto Closer(const std::shared_ptr<Exclusive<Encoder>>& encoder) {
  return [encoder](const Napi::CallbackInfo& call) {
    if (!encoder->IsOver()) ReleaseSoon(call.Env(), [encoder] { encoder->Free(); });
  };
}

}  // namespace

Napi::Value OpenLayerEncoder(const Napi::CallbackInfo& info) {
  const int level = info[0].As<Napi::Number>().Int32Value();
  const unsigned bits = info[1].As<Napi::Number>().Uint32Value();
  const auto layer = std::make_shared<Exclusive<LayerEncoder>>(level, bits);
  const auto encode = [layer](const Napi::CallbackInfo& call) -> Napi::Value {
    const auto kinds = call[0].As<Napi::Uint8Array>();
    const auto pieces = call[1].As<Napi::Array>();
    return StartJob(call.Env(), std::make_shared<LayerJob>(call.Env(), layer, kinds, pieces));
  };
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("encode", MakeFunction(info.Env(), encode, "encode"));
  result.Set("close", MakeFunction(info.Env(), Closer(layer), "close"));
  return result;
}

Napi::Value OpenZstdEncoder(const Napi::CallbackInfo& info) {
  const auto frames = std::make_shared<Exclusive<ZstdFrames>>(info[0].As<Napi::Number>().Int32Value());
  const auto encode = [frames](const Napi::CallbackInfo& call) -> Napi::Value {
    const auto pieces = call[0].As<Napi::Array>();
    const bool end = call[1].ToBoolean();
    return StartJob(call.Env(), std::make_shared<FramesJob>(call.Env(), frames, pieces, end));
  };
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("encode", MakeFunction(info.Env(), encode, "encode"));
  result.Set("close", MakeFunction(info.Env(), Closer(frames), "close"));
  return result;
}

}  // namespace composefs

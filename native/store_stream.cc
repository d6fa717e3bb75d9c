// The native half of src/store/stream.ts: content that comes in pieces.
#include "store_stream.h"

#include "call_job.h"
#include "function.h"

namespace composefs {
namespace {

/// An object that comes in pieces. One job at a time.
struct StreamedObject {
  SharedStore store;
  std::unique_ptr<ObjectStore::Writing> writing;
  std::unique_ptr<StagedFile> file;

  StagedFile& Open(const CancelFlag& cancel) {
    if (!store) throw StoreIsClosed();
    if (file) return *file;
    auto begun = std::make_unique<ObjectStore::Writing>(*store);
    file = ObjectStore::Batch(*store, cancel).NewFile();
    writing = std::move(begun);
    return *file;
  }

  void Close() {
    file.reset();
    writing.reset();
    store.reset();
  }
};

/// Pieces are bytes, or the lengths of holes.
class PiecesJob final : public Job {
 public:
  PiecesJob(Napi::Env env, std::shared_ptr<StreamedObject> object, Napi::Array pieces)
      : Job(env), object_(std::move(object)) {
    for (uint32_t i = 0; i < pieces.Length(); ++i) {
      const Napi::Value value = pieces.Get(i);
      Piece& piece = pieces_.emplace_back();
      if (value.IsNumber()) {
        piece.hole = static_cast<uint64_t>(value.As<Napi::Number>().Int64Value());
        continue;
      }
      const auto array = value.As<Napi::Uint8Array>();
      piece.buffer = Napi::Persistent(array);
      piece.bytes = {array.Data(), array.ByteLength()};
    }
  }

 private:
  struct Piece {
    Napi::Reference<Napi::Uint8Array> buffer;
    std::span<const uint8_t> bytes;
    uint64_t hole = 0;
  };

  Turn Run() override {
    StagedFile& file = object_->Open(cancel());
    for (const Piece& piece : pieces_) {
      cancel().Checkpoint();
      file.Write(piece.bytes);
      file.WriteHole(piece.hole);
    }
    return Turn::kDone;
  }
  Napi::Value Result(Napi::Env env) override { return env.Undefined(); }

  void Release() override { pieces_.clear(); }

  std::shared_ptr<StreamedObject> object_;
  std::vector<Piece> pieces_;
};

Napi::Value FinishStream(Napi::Env env, const std::shared_ptr<StreamedObject>& object) {
  auto stored = std::make_shared<StoredObject>();
  const auto finish = [object, stored](const CancelFlag& cancel) {
    StagedFile& file = object->Open(cancel);
    const SharedStore store = object->store;  // the batch needs it to its end
    ObjectStore::Batch batch(*store, cancel);
    *stored = batch.Put(file);
    batch.Commit();
    object->Close();
  };
  const auto answer = [stored](Napi::Env at) { return ToObject(at, *stored); };
  return StartJob(env, std::make_shared<CallJob>(env, finish, answer));
}

}  // namespace

Napi::Value NewStream(Napi::Env env, const SharedStore& store) {
  const auto object = std::make_shared<StreamedObject>(StreamedObject{store, nullptr, nullptr});
  const auto write = [object](const Napi::CallbackInfo& info) {
    return StartJob(info.Env(), std::make_shared<PiecesJob>(info.Env(), object, info[0].As<Napi::Array>()));
  };
  const auto finish = [object](const Napi::CallbackInfo& info) { return FinishStream(info.Env(), object); };
  const auto discard = [object](const Napi::CallbackInfo& info) {
    return StartRelease(info.Env(), [object] { object->Close(); });
  };
  Napi::Object result = Napi::Object::New(env);
  result.Set("write", MakeFunction(env, write, "write"));
  result.Set("finish", MakeFunction(env, finish, "finish"));
  result.Set("discard", MakeFunction(env, discard, "discard"));
  return result;
}

}  // namespace composefs

// Jobs that put many contents into a store: whatever they are, or files as they were found.
#include "put_jobs.h"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "arguments.h"
#include "job.h"
#include "packed_files.h"

namespace composefs {
namespace {

/// Puts many; each has an outcome of its own, unless what makes them durable fails.
class PutJob : public Job {
 protected:
  using Outcome = std::variant<StoredObject, Failure>;

  PutJob(Napi::Env env, SharedStore store, size_t count)
      : Job(env), store_(std::move(store)), outcomes_(count) {}

  const std::vector<Outcome>& Outcomes() const { return outcomes_; }

 private:
  /// Nothing, if it is to be tried again. On a worker thread.
  virtual std::optional<StoredObject> PutOne(ObjectStore::Batch& batch, size_t index) = 0;
  /// Lets go of what only the worker needs.
  virtual void EndRun() = 0;

  Turn Run() final {
    const auto failure = Attempt([&] { PutAll(); });
    EndRun();
    if (failure) Rethrow(*failure);
    return Turn::kDone;
  }

  void PutAll() {
    // Let go when this is done, not when the job is collected.
    const SharedStore store = std::move(store_);
    std::vector<size_t> waiting;
    for (size_t i = 0; i < outcomes_.size(); ++i) waiting.push_back(i);
    while (!waiting.empty()) {
      ObjectStore::Batch batch(*store, cancel());
      std::erase_if(waiting, [&](size_t i) { return Put(batch, i); });
      batch.Commit();
      batch.Wait();
    }
  }

  /// False if it is to be tried again.
  bool Put(ObjectStore::Batch& batch, size_t i) {
    cancel().Checkpoint();
    bool done = true;
    const auto failure = Attempt([&] {
      const std::optional<StoredObject> stored = PutOne(batch, i);
      done = stored.has_value();
      if (done) outcomes_[i] = *stored;
    });
    if (failure && std::holds_alternative<Cancelled>(*failure)) throw Cancelled{};
    if (failure) outcomes_[i] = *failure;
    return done;
  }

  SharedStore store_;
  std::vector<Outcome> outcomes_;
};

/// Content that is put as a whole: bytes in memory, or a file.
struct PutItem {
  Napi::Reference<Napi::Uint8Array> buffer;  // keeps bytes alive; empty where it is a file
  std::span<const uint8_t> bytes;
};

class PutItemsJob final : public PutJob {
 public:
  PutItemsJob(Napi::Env env, SharedStore store, const Napi::Array& items)
      : PutJob(env, std::move(store), items.Length()), items_(items.Length()), files_(items.Length()) {
    for (uint32_t i = 0; i < items.Length(); ++i) {
      const auto object = items.Get(i).As<Napi::Object>();
      const Napi::Value bytes = object.Get("bytes");
      if (!bytes.IsTypedArray()) {
        files_[i] = FileNameFrom(object);
        continue;
      }
      const auto array = bytes.As<Napi::Uint8Array>();
      items_[i].buffer = Napi::Persistent(array);
      items_[i].bytes = {array.Data(), array.ByteLength()};
    }
  }

 private:
  std::optional<StoredObject> PutOne(ObjectStore::Batch& batch, size_t i) override {
    return items_[i].buffer.IsEmpty() ? batch.Put(files_[i]) : batch.Put(items_[i].bytes);
  }

  void EndRun() override { files_.clear(); }

  Napi::Value Result(Napi::Env env) override {
    Napi::Array results = Napi::Array::New(env, Outcomes().size());
    for (uint32_t i = 0; i < Outcomes().size(); ++i) {
      const auto* stored = std::get_if<StoredObject>(&Outcomes()[i]);
      results.Set(i,
                  stored ? ToObject(env, *stored) : DescribeFailure(env, std::get<Failure>(Outcomes()[i])));
    }
    return results;
  }

  void Release() override { items_.clear(); }

  std::vector<PutItem> items_;
  std::vector<FileName> files_;  // as many; the worker's
};

/// As DigestFiles: objects for each file would cost the main thread more than the files cost the worker.
class PutFilesJob final : public PutJob {
 public:
  PutFilesJob(Napi::Env env, SharedStore store, std::vector<FileName> files)
      : PutJob(env, std::move(store), files.size()), files_(std::move(files)) {}

 private:
  std::optional<StoredObject> PutOne(ObjectStore::Batch& batch, size_t i) override {
    return batch.PutFound(files_[i]);
  }

  void EndRun() override { files_.clear(); }

  Napi::Value Result(Napi::Env env) override {
    const size_t count = Outcomes().size();
    auto digests = Napi::Buffer<uint8_t>::New(env, count * sizeof(Digest));
    auto existed = Napi::Buffer<uint8_t>::New(env, count);
    Napi::Array failures = Napi::Array::New(env);
    for (uint32_t i = 0; i < count; ++i) {
      const auto* stored = std::get_if<StoredObject>(&Outcomes()[i]);
      const Digest digest = stored ? stored->digest : Digest{};
      std::ranges::copy(digest, digests.Data() + i * sizeof(Digest));
      existed[i] = stored && stored->existed ? 1 : 0;
      if (!stored) failures.Set(i, DescribeFailure(env, std::get<Failure>(Outcomes()[i])));
    }
    Napi::Object result = Napi::Object::New(env);
    result.Set("digests", digests);
    result.Set("existed", existed);
    result.Set("failures", failures);
    return result;
  }

  std::vector<FileName> files_;
};

}  // namespace

Napi::Value PutItems(Napi::Env env, const SharedStore& store, const Napi::Array& items) {
  return StartJob(env, std::make_shared<PutItemsJob>(env, store, items));
}

Napi::Value PutFiles(Napi::Env env, const SharedStore& store, const Napi::Uint8Array& paths,
                     const Napi::BigInt64Array& identities) {
  return StartJob(env, std::make_shared<PutFilesJob>(env, store, FilesFrom(paths, identities)));
}

}  // namespace composefs

// The native half of src/write.ts: records → nodes → image.
#include "write.h"

#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "arena.h"
#include "arguments.h"
#include "function.h"
#include "image.h"
#include "job.h"
#include "tree.h"

namespace composefs {
namespace {

/// A turn costs the thread of JavaScript some ten microseconds. Small trees have one in all.
constexpr size_t kChunksOfTurn = 4;

constexpr uint64_t kLargeImage = 1 << 20;

/// Work that is done when this ends: on a thread of its own, if it is worth one and there is one to be had,
/// or at once. It must not throw.
class Beside {
 public:
  template <typename Work>
  Beside(bool is_worth_it, Work work) {
    try {
      if (is_worth_it) thread_ = std::thread(work);
    } catch (const std::system_error&) {
    }
    if (!thread_.joinable()) work();
  }
  ~Beside() {
    if (thread_.joinable()) thread_.join();
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

 private:
  std::thread thread_;
};

struct WriteOptions {
  FormatVersions versions;
  bool digest_only = false;
  std::optional<std::string> path;
  Flush flush = Flush::kYes;
  Descriptor file;
  int file_error = 0;
};

WriteOptions OptionsFrom(Napi::Object object) {
  WriteOptions options;
  options.versions.minimum = object.Get("minVersion").As<Napi::Number>().Uint32Value();
  options.versions.maximum = object.Get("maxVersion").As<Napi::Number>().Uint32Value();
  options.flush = object.Get("flush").ToBoolean() ? Flush::kYes : Flush::kNo;
  const Napi::Value to = object.Get("to");
  if (to.IsNumber())
    options.file = DuplicateDescriptor(to.As<Napi::Number>().Int32Value(), options.file_error);
  else if (to.IsTypedArray())
    options.path = PathFrom(to);
  else if (to.IsNull())
    options.digest_only = true;
  return options;
}

/// Nodes are made while the encoder is still at work: a few chunks that have come are a reason to run.
class WriteJob final : public Job {
 public:
  WriteJob(Napi::Env env, WriteOptions options) : Job(env), options_(std::move(options)) {}

  ~WriteJob() override {
    const ArenaScope scope(arena_);
    builder_.reset();
  }

  void Add(Chunk chunk) {
    bool are_enough;
    {
      const std::lock_guard lock(mutex_);
      inbox_.push_back(std::move(chunk));
      are_enough = inbox_.size() >= kChunksOfTurn;
    }
    if (are_enough) Schedule();
  }

  Napi::Value Finish() {
    {
      const std::lock_guard lock(mutex_);
      complete_ = true;
    }
    Schedule();
    return Promise();
  }

  /// Also frees on a worker thread what there is already: a million nodes take a while.
  void Abandon() {
    Cancel();
    Schedule();
  }

 private:
  Turn Run() override {
    const ArenaScope scope(arena_);
    try {
      cancel().Checkpoint();
      if (!TakeChunks()) return Turn::kMoreToCome;
      Write();
      return Turn::kDone;
    } catch (...) {
      builder_.reset();
      arena_.Clear();
      options_.file = Descriptor();
      throw;
    }
  }

  /// Makes nodes of the chunks that are there; true if there are no more to come.
  bool TakeChunks() {
    for (;;) {
      std::vector<Chunk> chunks;
      {
        const std::lock_guard lock(mutex_);
        if (inbox_.empty()) return complete_;
        chunks.swap(inbox_);
      }
      for (Chunk& chunk : chunks) builder_->Add(std::move(chunk));
    }
  }

  void Write() {
    NodePtr root = builder_->Finish();
    const std::unique_ptr<Output> output = OpenOutput();
    written_ = WriteImage(root.get(), options_.versions, *output, cancel());
    root.reset();
    builder_.reset();
    {
      // What a large tree took goes back to the kernel while the disk is waited for.
      const Beside clearing(written_.size >= kLargeImage, [this] { arena_.Clear(); });
      output->Commit();
    }
    if (memory_ != nullptr) image_ = memory_->Release();
  }

  std::unique_ptr<Output> OpenOutput() {
    if (options_.digest_only) return std::make_unique<NoOutput>();
    if (options_.path) return OpenPath(*options_.path, options_.flush, cancel());
    if (options_.file_error != 0) throw SystemFailure{options_.file_error, "dup"};
    if (options_.file.IsOpen()) return std::make_unique<DescriptorOutput>(std::move(options_.file), cancel());
    auto memory = std::make_unique<MemoryOutput>();
    memory_ = memory.get();
    return memory;
  }

  Napi::Value Result(Napi::Env env) override {
    Napi::Object result = Napi::Object::New(env);
    result.Set("digest", Napi::Buffer<uint8_t>::Copy(env, written_.digest.data(), written_.digest.size()));
    result.Set("size", static_cast<double>(written_.size));
    result.Set("version", written_.version);
    if (image_) {
      // Copied where the host forbids memory that is not its own (Electron).
      result.Set("image", Napi::Buffer<uint8_t>::NewOrCopy(env, image_.get(), written_.size,
                                                           [](Napi::Env, uint8_t* bytes) { free(bytes); }));
      static_cast<void>(image_.release());  // the buffer's, now that there is one
    }
    return result;
  }

  WriteOptions options_;
  std::mutex mutex_;  // of the two below
  std::vector<Chunk> inbox_;
  bool complete_ = false;

  // The worker's, between turns nobody's. The nodes are in the arena, and the builder has some of them.
  Arena arena_;
  std::unique_ptr<TreeBuilder> builder_ = std::make_unique<TreeBuilder>(cancel());
  MemoryOutput* memory_ = nullptr;  // valid while Write's output lives
  MemoryOutput::Data image_;
  WrittenImage written_{};
};

}  // namespace

Napi::Value OpenWriter(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto job = std::make_shared<WriteJob>(env, OptionsFrom(info[0].As<Napi::Object>()));
  const auto add = [job](const Napi::CallbackInfo& call) {
    const auto bytes = call[0].As<Napi::Uint8Array>();
    job->Add(Chunk(bytes.Data(), bytes.Data() + bytes.ByteLength()));
  };
  const auto finish = [job](const Napi::CallbackInfo&) { return job->Finish(); };
  // Without memory for a turn, what there is goes with the job.
  const auto cancel = [job](const Napi::CallbackInfo&) { Attempt([&] { job->Abandon(); }); };
  Napi::Object result = Napi::Object::New(env);
  result.Set("add", MakeFunction(env, add, "add"));
  result.Set("finish", MakeFunction(env, finish, "finish"));
  result.Set("cancel", MakeFunction(env, cancel, "cancel"));
  return result;
}

}  // namespace composefs

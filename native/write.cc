// The native half of src/write.ts: records → nodes → image, in one job.
#include "write.h"

#include <optional>

#include "arguments.h"
#include "image.h"
#include "job.h"
#include "tree.h"

namespace composefs {
namespace {

struct WriteOptions {
  FormatVersions versions;
  bool digest_only = false;
  std::optional<std::string> path;
  Descriptor file;
  int file_error = 0;
};

WriteOptions OptionsFrom(Napi::Object object) {
  WriteOptions options;
  options.versions.minimum = object.Get("minVersion").As<Napi::Number>().Uint32Value();
  options.versions.maximum = object.Get("maxVersion").As<Napi::Number>().Uint32Value();
  const Napi::Value to = object.Get("to");
  if (to.IsNumber())
    options.file = DuplicateDescriptor(to.As<Napi::Number>().Int32Value(), options.file_error);
  else if (to.IsTypedArray())
    options.path = PathFrom(to);
  else if (to.IsNull())
    options.digest_only = true;
  return options;
}

class WriteJob final : public Job {
 public:
  WriteJob(Napi::Env env, ChunkList chunks, WriteOptions options)
      : Job(env), chunks_(std::move(chunks)), options_(std::move(options)) {}

 private:
  void Run() override {
    NodePtr root = BuildTree(Records(chunks_, cancel()), cancel());
    chunks_.clear();  // an image is written beside the nodes, not beside nodes and records
    const std::unique_ptr<Output> output = OpenOutput();
    written_ = WriteImage(root.get(), options_.versions, *output, cancel());
    output->Commit();
    if (memory_ != nullptr) image_ = memory_->Release();
  }

  std::unique_ptr<Output> OpenOutput() {
    if (options_.digest_only) return std::make_unique<NoOutput>();
    if (options_.path) return OpenPath(*options_.path);
    if (options_.file_error != 0) throw SystemFailure{options_.file_error, "dup"};
    if (options_.file.IsOpen()) return std::make_unique<DescriptorOutput>(std::move(options_.file));
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
      uint8_t* data = image_.release();
      // Copied where the host forbids memory that is not its own (Electron).
      result.Set("image", Napi::Buffer<uint8_t>::NewOrCopy(env, data, written_.size,
                                                           [](Napi::Env, uint8_t* bytes) { free(bytes); }));
    }
    return result;
  }

  ChunkList chunks_;
  WriteOptions options_;
  MemoryOutput* memory_ = nullptr;  // valid while Run's output lives
  MemoryOutput::Data image_;
  WrittenImage written_{};
};

/// What add() has collected until finish() makes a job of it. Freed with the two functions if that never
/// comes.
struct Writer {
  ChunkList chunks;
  WriteOptions options;
};

}  // namespace

Napi::Value OpenWriter(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto writer = std::make_shared<Writer>();
  writer->options = OptionsFrom(info[0].As<Napi::Object>());
  const auto add = [writer](const Napi::CallbackInfo& call) {
    const auto bytes = call[0].As<Napi::Uint8Array>();
    writer->chunks.emplace_back(bytes.Data(), bytes.Data() + bytes.ByteLength());
  };
  const auto finish = [writer](const Napi::CallbackInfo& call) -> Napi::Value {
    return Job::Start(
        std::make_unique<WriteJob>(call.Env(), std::move(writer->chunks), std::move(writer->options)));
  };
  Napi::Object result = Napi::Object::New(env);
  result.Set("add", Napi::Function::New(env, add, "add"));
  result.Set("finish", Napi::Function::New(env, finish, "finish"));
  return result;
}

}  // namespace composefs

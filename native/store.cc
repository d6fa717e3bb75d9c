// The native half of src/store/: an ObjectStore and its jobs.
#include "store.h"

#include <functional>
#include <utility>

#include "arguments.h"
#include "call_job.h"
#include "function.h"
#include "put_jobs.h"
#include "store_stream.h"

namespace composefs {
namespace {

/// Objects that are looked at, or into.
class InspectJob final : public Job {
 public:
  /// `needed`: what is there and sound stays needed, until the next flush and beyond.
  InspectJob(Napi::Env env, SharedStore store, Napi::Uint8Array digests, std::optional<Trust> trust,
             bool needed)
      : Job(env), store_(std::move(store)), trust_(trust), needed_(needed) {
    digests_.resize(digests.ByteLength() / sizeof(Digest));
    std::memcpy(digests_.data(), digests.Data(), digests_.size() * sizeof(Digest));
    outcomes_.resize(digests_.size());
  }

 private:
  struct Seen {
    bool exists = false;
    bool sound = true;
    uint64_t size = 0;
    uint64_t stored = 0;  // bytes on disk
    double changed_ms = 0;
  };

  Turn Run() override {
    const SharedStore store = std::move(store_);
    for (size_t i = 0; i < digests_.size(); ++i) {
      cancel().Checkpoint();
      Seen seen;
      const auto failure = Attempt([&] { seen = Inspect(*store, digests_[i]); });
      if (failure && (std::holds_alternative<Cancelled>(*failure) || IsOfProcess(*failure)))
        Rethrow(*failure);
      if (failure)
        outcomes_[i] = *failure;
      else
        outcomes_[i] = seen;
    }
    return Turn::kDone;
  }

  Seen Inspect(ObjectStore& store, const Digest& digest) {
    const std::optional<struct stat> status = store.Look(digest);
    if (!status) return {};
    Seen seen{true, true, static_cast<uint64_t>(status->st_size),
              static_cast<uint64_t>(status->st_blocks) * 512,
              static_cast<double>(status->st_mtim.tv_sec) * 1e3 +
                  static_cast<double>(status->st_mtim.tv_nsec) / 1e6};
    if (trust_) seen.sound = store.IsSound(digest, std::nullopt, *trust_, cancel());
    if (needed_ && seen.sound) store.NeedFound(digest, *status);
    return seen;
  }

  Napi::Value Result(Napi::Env env) override {
    Napi::Array results = Napi::Array::New(env, outcomes_.size());
    for (uint32_t i = 0; i < outcomes_.size(); ++i) {
      const auto* seen = std::get_if<Seen>(&outcomes_[i]);
      results.Set(i, seen ? ToValue(env, *seen) : DescribeFailure(env, std::get<Failure>(outcomes_[i])));
    }
    return results;
  }

  static Napi::Value ToValue(Napi::Env env, const Seen& seen) {
    if (!seen.exists) return env.Null();
    Napi::Object object = Napi::Object::New(env);
    object.Set("sound", seen.sound);
    object.Set("size", static_cast<double>(seen.size));
    object.Set("stored", static_cast<double>(seen.stored));
    object.Set("mtimeMs", seen.changed_ms);
    return object;
  }

  SharedStore store_;
  std::optional<Trust> trust_;
  bool needed_;
  std::vector<Digest> digests_;
  std::vector<std::variant<Seen, Failure>> outcomes_;
};

StoreOptions OptionsFrom(Napi::Object object) {
  const auto number = [&](const char* name) { return object.Get(name).As<Napi::Number>().Int64Value(); };
  StoreOptions options;
  options.path = PathFrom(object.Get("path"));
  options.sync = static_cast<Sync>(number("sync"));
  options.verity = static_cast<VerityPolicy>(number("verity"));
  options.trust = static_cast<Trust>(number("trust"));
  options.mode = static_cast<mode_t>(number("mode"));
  options.folder_mode = static_cast<mode_t>(number("folderMode"));
  options.uid = static_cast<uid_t>(number("uid"));
  options.gid = static_cast<gid_t>(number("gid"));
  options.create = object.Get("create").As<Napi::Boolean>();
  options.cache = object.Get("cache").As<Napi::Boolean>();
  return options;
}

using StoreCall = std::function<Napi::Value(Napi::Env, const SharedStore&, const Napi::CallbackInfo&)>;

Napi::Value Begin(Napi::Env env, const SharedStore& store, const Napi::CallbackInfo&) {
  auto begun = std::make_shared<bool>();
  const auto begin = [store, begun](const CancelFlag&) { *begun = store->BeginWriting(); };
  const auto answer = [begun](Napi::Env at) { return Napi::Boolean::New(at, *begun); };
  return StartJob(env, std::make_shared<CallJob>(env, begin, answer));
}

Napi::Value LockAlone(Napi::Env env, const SharedStore& store, const Napi::CallbackInfo&) {
  auto own = std::make_shared<std::optional<std::string>>();
  const auto lock = [store, own](const CancelFlag&) { *own = store->LockAlone(); };
  const auto answer = [own](Napi::Env at) -> Napi::Value {
    if (!*own) return at.Null();
    return Napi::String::New(at, **own);
  };
  return StartJob(env, std::make_shared<CallJob>(env, lock, answer));
}

Napi::Value Inspect(Napi::Env env, const SharedStore& store, const Napi::CallbackInfo& info) {
  std::optional<Trust> trust;
  if (info[1].IsNumber()) trust = static_cast<Trust>(info[1].As<Napi::Number>().Int32Value());
  const bool needed = info[2].ToBoolean();
  const auto digests = info[0].As<Napi::Uint8Array>();
  return StartJob(env, std::make_shared<InspectJob>(env, store, digests, trust, needed));
}

/// The functions of a store. They share it until it is closed; jobs that are on their way keep it longer.
Napi::Value ToValue(Napi::Env env, SharedStore store) {
  const auto holder = std::make_shared<SharedStore>(std::move(store));
  Napi::Object object = Napi::Object::New(env);
  const auto define = [&](const char* name, StoreCall call) {
    const auto function = [holder, call](const Napi::CallbackInfo& info) -> Napi::Value {
      if (*holder) return call(info.Env(), *holder, info);
      return StartJob(info.Env(), std::make_shared<CallJob>(
                                      info.Env(), [](const CancelFlag&) { throw StoreIsClosed(); }));
    };
    object.Set(name, MakeFunction(env, function, name));
  };
  define("put", [](Napi::Env at, const SharedStore& open, const Napi::CallbackInfo& info) {
    return PutItems(at, open, info[0].As<Napi::Array>());
  });
  define("putFiles", [](Napi::Env at, const SharedStore& open, const Napi::CallbackInfo& info) {
    return PutFiles(at, open, info[0].As<Napi::Uint8Array>(), info[1].As<Napi::BigInt64Array>());
  });
  define("stream", [](Napi::Env at, const SharedStore& open, const Napi::CallbackInfo&) {
    return NewStream(at, open);
  });
  define("inspect", Inspect);
  define("flush", [](Napi::Env at, const SharedStore& open, const Napi::CallbackInfo&) {
    return StartJob(at, std::make_shared<CallJob>(at, [open](const CancelFlag& flag) { open->Flush(flag); }));
  });
  define("begin", Begin);
  define("lockAlone", LockAlone);
  define("unlock", [](Napi::Env at, const SharedStore& open, const Napi::CallbackInfo&) {
    return StartRelease(at, [open] { open->Unlock(); });
  });
  define("close", [holder](Napi::Env at, const SharedStore&, const Napi::CallbackInfo&) {
    const SharedStore last = std::move(*holder);
    return StartRelease(at, [last] { last->Close(); });
  });
  return object;
}

}  // namespace

Napi::Object ToObject(Napi::Env env, const StoredObject& stored) {
  std::string name = ObjectName(stored.digest);
  Napi::Object object = Napi::Object::New(env);
  object.Set("path", name);
  object.Set("digest", name.erase(2, 1));
  object.Set("size", static_cast<double>(stored.size));
  object.Set("existed", stored.existed);
  return object;
}

Napi::Value OpenStore(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto store = std::make_shared<SharedStore>();
  const auto open = [store, options = OptionsFrom(info[0].As<Napi::Object>())](const CancelFlag&) {
    *store = std::make_shared<ObjectStore>(options);
  };
  const auto answer = [store](Napi::Env at) { return ToValue(at, std::move(*store)); };
  return StartJob(env, std::make_shared<CallJob>(env, open, answer));
}

}  // namespace composefs

// The half of ObjectStore that takes content in.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "errors.h"
#include "object_store.h"

namespace composefs {
namespace {

constexpr size_t kPieceSize = 1 << 20;  // of bytes in memory: how often a job looks if it is to stop

/// Whether a file is the one that its identity says.
bool IsAt(const FileName& name) {
  struct stat now {};
  const int found = name.path ? fstatat(name.folder, name.path->c_str(), &now, AT_SYMLINK_NOFOLLOW)
                              : fstat(name.file.Get(), &now);
  return found == 0 && FileIdentity::Of(now) == *name.identity;
}

}  // namespace

ObjectStore::Batch::Batch(ObjectStore& store, const CancelFlag& cancel)
    : store_(store), writing_(store), cancel_(cancel) {
  if (!writing_.IsHad()) throw RuleFailure{"busy", store_.options_.path};
}

ObjectStore::Batch::~Batch() {
  store_.Discard(staged_);
}

std::optional<StoredObject> ObjectStore::Batch::Put(std::span<const uint8_t> bytes) {
  VerityHasher hasher;
  for (size_t at = 0; at < bytes.size(); at += kPieceSize) {
    cancel_.Checkpoint();
    hasher.Update(bytes.subspan(at, std::min(kPieceSize, bytes.size() - at)));
  }
  return PutHashed(hasher.Finish(), bytes);
}

std::optional<StoredObject> ObjectStore::Batch::PutHashed(const Digest& digest,
                                                          std::span<const uint8_t> bytes) {
  Claims::State other{};
  Claims::Claim claim = store_.claims_.Take(digest, other);
  if (!claim.IsHad()) {
    if (other == Claims::State::kStaged) return StoredObject{digest, bytes.size(), true};
    awaited_.push_back(digest);
    return std::nullopt;
  }
  bool replace = false;
  if (Exists(digest, bytes.size(), replace)) return StoredObject{digest, bytes.size(), true};
  const std::unique_ptr<StagedFile> file = store_.NewFile();
  for (size_t at = 0; at < bytes.size(); at += kPieceSize) {
    cancel_.Checkpoint();
    file->WriteUnhashed(bytes.subspan(at, std::min(kPieceSize, bytes.size() - at)));
  }
  Stage(*file, digest, replace, std::move(claim));
  return StoredObject{digest, bytes.size(), false};
}

/// `replace` tells that there is one, but not a sound one.
bool ObjectStore::Batch::Exists(const Digest& digest, uint64_t size, bool& replace) {
  const std::optional<struct stat> status = store_.Look(digest);
  if (!status) return false;
  replace = !store_.IsSound(digest, *status, size, store_.TrustOfExisting(), cancel_);
  if (replace) return false;
  store_.SealExisting(digest);
  if (store_.MayBeUnsynced(*status)) staged_.push_back({digest, {}, size, false, {}, Step::kFound});
  return true;
}

std::optional<StoredObject> ObjectStore::Batch::Put(const FileName& name) {
  return name.identity && IsAt(name) ? PutFound(name) : PutRead(name);  // opening it will say what it is
}

std::optional<StoredObject> ObjectStore::Batch::PutFound(const FileName& name) {
  const bool remembers = store_.options_.cache && name.identity;
  if (remembers)
    if (const auto known = PutKnown(*name.identity)) return known;
  return PutRead(name);
}

/// Of a file that has been put before, in the state that the identity is of. Whether it still is in that
/// state does not matter: the object has the content of then.
std::optional<StoredObject> ObjectStore::Batch::PutKnown(const FileIdentity& identity) {
  const std::optional<Digest> digest = store_.cache_.Find(identity);
  if (!digest) return std::nullopt;
  const auto size = static_cast<uint64_t>(identity.size);
  bool replace = false;
  if (!Exists(*digest, size, replace)) return std::nullopt;
  return StoredObject{*digest, size, true};
}

std::optional<StoredObject> ObjectStore::Batch::PutRead(const FileName& name) {
  const int64_t begun = DigestCache::Now();
  const SourceFile source(name, cancel_);
  const std::optional<StoredObject> stored = PutContent(source);
  if (store_.options_.cache && name.identity && stored && HasOwnTimes(source.Get()))
    store_.cache_.Add(*name.identity, stored->digest, begun);
  return stored;
}

std::optional<StoredObject> ObjectStore::Batch::PutContent(const SourceFile& source) {
  const dev_t device = source.Status().st_dev;
  const auto size = static_cast<uint64_t>(source.Status().st_size);
  const bool small = size < ReadBuffer().size();
  const bool clonable = store_.IsClonable(device);
  if (small && !clonable) return PutSmall(source);
  const std::unique_ptr<StagedFile> file = store_.NewFile();
  if (clonable) {
    const StagedFile::Cloned cloned = file->Clone(source.Get());
    if (cloned == StagedFile::Cloned::kNever) store_.SetUnclonable(device);
    if (cloned == StagedFile::Cloned::kYes) {
      file->HashOwn(cancel_);
      source.CheckUnchanged(file->Size());
      return Put(*file);
    }
    if (small) return PutSmall(source);
  }
  source.CheckUnchanged(ReadContent(source, *file, cancel_));
  return Put(*file);
}

/// Nothing is written that the store has already.
std::optional<StoredObject> ObjectStore::Batch::PutSmall(const SourceFile& source) {
  // Not ReadBuffer: an object that is there may have to be read while these bytes are needed.
  thread_local std::vector<uint8_t> buffer(ReadBuffer().size());
  const std::span<const uint8_t> bytes = std::span(buffer).first(source.ReadAt(buffer, 0));
  source.CheckUnchanged(bytes.size());
  return Put(bytes);
}

StoredObject ObjectStore::Batch::Put(StagedFile& file) {
  const uint64_t size = file.Size();
  const Digest digest = file.FinishDigest();
  Claims::State other{};
  Claims::Claim claim = store_.claims_.Take(digest, other);
  if (!claim.IsHad() && other == Claims::State::kStaged) return {digest, size, true};
  bool replace = false;
  if (Exists(digest, size, replace)) return {digest, size, true};
  // Also without the claim: it is written, and whoever has that may fail.
  Stage(file, digest, replace, std::move(claim));
  return {digest, size, false};
}

void ObjectStore::Batch::Stage(StagedFile& file, const Digest& digest, bool replace, Claims::Claim claim) {
  file.Finish(store_.FileAttributes());
  store_.Seal(file, digest);
  staged_.push_back({digest, file.Name(), file.Size(), replace, std::move(claim)});
  file.Release();
}

void ObjectStore::Batch::Commit() {
  if (store_.options_.sync == Sync::kFlush) return store_.LeaveToFlush(staged_);
  store_.Publish(staged_, store_.options_.sync == Sync::kPut, cancel_);
  staged_.clear();
}

void ObjectStore::Batch::Wait() {
  for (const Digest& digest : std::exchange(awaited_, {})) store_.claims_.Wait(digest, cancel_);
}

}  // namespace composefs

// An object store as one writer sees it: a folder of objects `xx/<62 hex>`, each under the fs-verity digest
// of its bytes. Any number of threads may use it at once.
//
// An object gets its name only when it is complete: it is written in a folder of this writer (`.tmp-…`),
// synced, sealed, then renamed. So what has a name is whole, whenever the machine or the process stops; what
// is left over then is in such a folder. Writers hold a shared lock of `.lock`; who deletes holds it alone,
// and before it tries to, a lock of the folder.
// An ObjectStore has one lock for all of its threads: among them, Writing keeps the two apart.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "claims.h"
#include "digest_cache.h"
#include "staged_file.h"

namespace composefs {

/// When what was put is durable and has its name: when `put` is done, at the next flush, or (durable)
/// sometime.
enum class Sync { kPut, kFlush, kNever };
enum class VerityPolicy { kOff, kTry, kRequire };
/// What must fit for an object that is there already to be taken for the one that is put.
enum class Trust { kSize, kVerity, kContent };

struct StoreOptions {
  std::string path;
  Sync sync = Sync::kPut;
  VerityPolicy verity = VerityPolicy::kTry;
  Trust trust = Trust::kSize;
  mode_t mode = 0644;
  mode_t folder_mode = 0755;
  uid_t uid = static_cast<uid_t>(-1);  // -1: the process's own
  gid_t gid = static_cast<gid_t>(-1);
  bool create = true;
  bool cache = true;  // remember the digests of files that have an identity
};

struct StoredObject {
  Digest digest;
  uint64_t size;
  bool existed;

  bool operator==(const StoredObject&) const = default;
};

/// `ab/cdef…`
std::string ObjectName(const Digest& digest);

class ObjectStore {
 public:
  class Batch;
  class Writing;

  /// Opens the folder, or makes it. Throws SystemFailure, as everything below; RuleFailure for an object that
  /// is a symlink, no regular file, or somebody else's.
  explicit ObjectStore(StoreOptions options);
  ~ObjectStore() { Close(); }
  ObjectStore(const ObjectStore&) = delete;
  ObjectStore& operator=(const ObjectStore&) = delete;

  /// Removes what was not flushed, and lets go of the lock. Nothing may be put any more.
  void Close();

  /// Gives their names to all that was put; one at a time. What it fails for waits for the next one, unless a
  /// sync has failed: then all later ones fail with the same.
  void Flush(const CancelFlag& cancel);

  /// Of an object that has its name or is to get it with the next flush; nothing, if there is none.
  std::optional<struct stat> Look(const Digest& digest);
  /// Of an object that was looked at and is needed: the next flush makes sure that it is on the disk.
  void NeedFound(const Digest& digest, const struct stat& status);
  Descriptor Open(const Digest& digest);

  /// Whether there is an object whose bytes, or whose seal, are what its name says. Its size must fit, if
  /// given.
  bool IsSound(const Digest& digest, std::optional<uint64_t> size, Trust trust, const CancelFlag& cancel);

  /// Before the first batch: takes the lock of writers, if nobody has it alone. Not a wait: who has it may
  /// need the thread that this one would wait on.
  bool BeginWriting();

  /// For who deletes: the name of this writer's own folder, or an empty one; nothing, if there are other
  /// writers, or one is at work here, or something waits for a flush. Until Unlock nobody begins to write,
  /// here or elsewhere.
  std::optional<std::string> LockAlone();
  void Unlock();

  const StoreOptions& Options() const { return options_; }

 private:
  /// As above, of an object that has been looked at.
  bool IsSound(const Digest& digest, const struct stat& status, std::optional<uint64_t> size, Trust trust,
               const CancelFlag& cancel);

  enum class Step {
    kWritten,  // and has no name yet
    kNamed,    // by a flush that failed then
    kFound,    // it was there, and may not be on the disk
  };
  /// An object that is to be there, and the claim to it, unless another's equal one has that.
  struct Staged {
    Digest digest;
    std::string name;  // in the staging folder
    uint64_t size;
    bool replace;  // an object of that name is not sound
    Claims::Claim claim;
    Step step = Step::kWritten;
  };

  /// Of a Writing; `opening_` is held for Begin.
  bool Enter();
  void Leave();
  bool Begin();
  bool TakeLock();
  void LetGo();
  /// To try to have the store alone. False, if somebody is trying, or has it.
  bool TakeTurn();
  void CheckPlace() const;
  void GiveTurn();
  bool HasPending();
  void MakeStagingFolder();
  std::unique_ptr<StagedFile> NewFile();
  void Seal(StagedFile& file, const Digest& digest);
  /// A file that is not what it should be must not be sealed.
  Trust TrustOfExisting() const;
  void SealExisting(const Digest& digest);
  void CheckSeal(int file, const Digest& digest, const std::string& path);
  bool IsClonable(dev_t device);
  void SetUnclonable(dev_t device);
  StagedFile::Attributes FileAttributes() const { return {options_.mode, options_.uid, options_.gid}; }

  std::string PathOf(const std::string& name) const { return options_.path + "/" + name; }
  void CheckOwner(const struct stat& status, const std::string& name) const;
  bool MayBeUnsynced(const struct stat& status) const;
  bool FolderExists(const std::string& folder);
  void SetOwner(int folder, const std::string& name) const;
  void MakeFolder(const std::string& folder);

  void Publish(std::vector<Staged>& staged, bool sync, const CancelFlag& cancel);
  void LeaveToFlush(std::vector<Staged>& staged);
  Step GiveName(const Staged& staged, const CancelFlag& cancel);
  void SyncFiles(const std::vector<Staged>& staged);
  void SyncFound(const Digest& digest);
  void SyncNames(const std::vector<Staged>& staged);
  void SyncAll();
  void Discard(const std::vector<Staged>& staged);

  StoreOptions options_;
  Descriptor root_;
  DigestCache cache_;
  Claims claims_;  // outlives what is pending
  uid_t root_owner_ = 0;
  StagingFolder staging_;
  std::string staging_name_;
  std::atomic<uint64_t> next_name_ = 0;
  std::atomic<bool> no_verity_ = false;  // seen to be so

  std::mutex opening_;  // of the lock and the staging folder; taken before `mutex_`
  Descriptor lock_;
  bool writing_ = false;  // the shared lock is held, and there is a staging folder
  bool alone_ = false;
  size_t writers_ = 0;

  std::mutex mutex_;  // of all below
  std::vector<Staged> pending_;
  std::optional<Failure> lost_;  // why something that was put may not be there
  std::vector<dev_t> unclonable_;
  std::array<bool, 256> folders_{};  // those that are known to be folders of ours
};

/// Held by whoever writes, as long as it does: meanwhile nobody here has the store alone. It is not had, if
/// somebody has.
class ObjectStore::Writing {
 public:
  explicit Writing(ObjectStore& store) : store_(store), is_had_(store.Enter()) {}
  ~Writing() {
    if (is_had_) store_.Leave();
  }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;

  bool IsHad() const { return is_had_; }

 private:
  ObjectStore& store_;
  const bool is_had_;
};

/// Some objects that are put together: what makes them durable is done once for all of them. For one thread.
class ObjectStore::Batch {
 public:
  /// Throws RuleFailure, if somebody has the store alone.
  Batch(ObjectStore& store, const CancelFlag& cancel);
  /// Removes what was not committed.
  ~Batch();
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  /// Nothing, if another batch is writing an equal object: ask again after Wait.
  std::optional<StoredObject> Put(std::span<const uint8_t> bytes);
  std::optional<StoredObject> Put(const FileName& file);
  /// Of a file as it was found, with its identity: it is not looked at, if it has been put before in that
  /// state.
  std::optional<StoredObject> PutFound(const FileName& file);
  StoredObject Put(StagedFile& file);
  std::unique_ptr<StagedFile> NewFile() { return store_.NewFile(); }

  /// What was put has its name, or has it with the next flush.
  void Commit();
  /// For the digests of which another batch was writing an object. Only after Commit: two that wait for each
  /// other would wait for ever.
  void Wait();

 private:
  bool Exists(const Digest& digest, uint64_t size, bool& replace);
  std::optional<StoredObject> PutKnown(const FileIdentity& identity);
  std::optional<StoredObject> PutRead(const FileName& file);
  std::optional<StoredObject> PutContent(const SourceFile& file);
  std::optional<StoredObject> PutSmall(const SourceFile& file);
  std::optional<StoredObject> PutHashed(const Digest& digest, std::span<const uint8_t> bytes);
  void Stage(StagedFile& file, const Digest& digest, bool replace, Claims::Claim claim);

  ObjectStore& store_;
  const Writing writing_;
  const CancelFlag& cancel_;
  std::vector<Staged> staged_;
  std::vector<Digest> awaited_;
};

}  // namespace composefs

#include "object_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "temporary_folder.h"

namespace composefs {
namespace {

namespace fs = std::filesystem;

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class ObjectStoreTest : public testing::Test {
 protected:
  StoreOptions Options(Sync sync = Sync::kNever) {
    StoreOptions options;
    options.path = folder_ / "store";
    options.sync = sync;
    return options;
  }

  TemporaryFolder folder_;
  CancelFlag cancel_;
};

TEST_F(ObjectStoreTest, ABatchThatIsNotCommittedLeavesNothing) {
  ObjectStore store(Options());
  Digest digest;
  {
    ObjectStore::Batch batch(store, cancel_);
    digest = batch.Put(Bytes("text"))->digest;
  }
  EXPECT_FALSE(store.Look(digest));
  store.Close();
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "store"), {}), 1);  // the lock
}

TEST_F(ObjectStoreTest, WhoMeetsAnEqualObjectWaits) {
  ObjectStore store(Options());
  ObjectStore::Batch first(store, cancel_);
  const Digest digest = first.Put(Bytes("text"))->digest;
  ObjectStore::Batch second(store, cancel_);
  EXPECT_EQ(second.Put(Bytes("text")), std::nullopt);
  std::thread thread([&] { first.Commit(); });
  second.Commit();
  second.Wait();
  thread.join();
  EXPECT_TRUE(second.Put(Bytes("text"))->existed);
  EXPECT_TRUE(store.IsSound(digest, 4, Trust::kContent, cancel_));
}

TEST_F(ObjectStoreTest, WhoseEqualFailedWritesItself) {
  ObjectStore store(Options());
  ObjectStore::Batch second(store, cancel_);
  {
    ObjectStore::Batch first(store, cancel_);
    first.Put(Bytes("text"));
    EXPECT_EQ(second.Put(Bytes("text")), std::nullopt);
  }
  second.Wait();
  EXPECT_FALSE(second.Put(Bytes("text"))->existed);
}

TEST_F(ObjectStoreTest, AFlushClaimsNothingForAnObjectThatAnotherHadClaimed) {
  ObjectStore store(Options(Sync::kFlush));
  {
    ObjectStore::Batch first(store, cancel_);
    first.Put(Bytes("text"));
    ObjectStore::Batch streamed(store, cancel_);
    const std::unique_ptr<StagedFile> file = streamed.NewFile();
    file->Write(Bytes("text"));
    streamed.Put(*file);
    streamed.Commit();
  }
  store.Flush(cancel_);
  ObjectStore::Batch again(store, cancel_);
  const auto stored = again.Put(Bytes("text"));
  ASSERT_TRUE(stored);  // nobody is at it any more
  EXPECT_TRUE(stored->existed);
}

TEST_F(ObjectStoreTest, ManyThreads) {
  ObjectStore store(Options());
  std::vector<std::thread> threads;
  std::atomic<int> fresh = 0;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i)
        for (;;) {
          ObjectStore::Batch batch(store, cancel_);
          const auto stored = batch.Put(Bytes("text " + std::to_string(i)));
          batch.Commit();
          batch.Wait();
          if (!stored) continue;
          fresh += stored->existed ? 0 : 1;
          break;
        }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fresh, 50);
}

TEST_F(ObjectStoreTest, OnlyWithoutOtherWritersIsItHadAlone) {
  ObjectStore one(Options());
  ObjectStore other(Options());
  { ObjectStore::Batch batch(one, cancel_); }
  EXPECT_TRUE(one.LockAlone());
  one.Unlock();
  { ObjectStore::Batch batch(other, cancel_); }
  EXPECT_FALSE(one.LockAlone());
  other.Close();
  EXPECT_TRUE(one.LockAlone());
}

TEST_F(ObjectStoreTest, WhileItIsHadAloneNobodyBegins) {
  ObjectStore one(Options());
  { ObjectStore::Batch batch(one, cancel_); }
  ASSERT_TRUE(one.LockAlone());
  ObjectStore other(Options());
  EXPECT_FALSE(other.BeginWriting());
  EXPECT_THROW(ObjectStore::Batch(other, cancel_), RuleFailure);
  one.Unlock();
  EXPECT_TRUE(other.BeginWriting());
}

// bug: who had begun to write went on while the store was had alone.
TEST_F(ObjectStoreTest, WhileItIsHadAloneNobodyWritesHereEither) {
  ObjectStore store(Options(Sync::kFlush));
  { ObjectStore::Batch batch(store, cancel_); }
  ASSERT_TRUE(store.LockAlone());
  EXPECT_FALSE(store.LockAlone());
  EXPECT_FALSE(store.BeginWriting());
  EXPECT_THROW(ObjectStore::Batch(store, cancel_), RuleFailure);
  store.Flush(cancel_);
  store.Unlock();
  EXPECT_TRUE(store.BeginWriting());
}

// bug: it was had alone while somebody wrote here, or had not flushed.
TEST_F(ObjectStoreTest, WhileSomebodyWritesHereItIsNotHadAlone) {
  ObjectStore store(Options(Sync::kFlush));
  {
    ObjectStore::Batch batch(store, cancel_);
    EXPECT_FALSE(store.LockAlone());
    batch.Put(Bytes("text"));
    batch.Commit();
  }
  EXPECT_FALSE(store.LockAlone());
  store.Flush(cancel_);
  const ObjectStore::Writing writing(store);
  EXPECT_FALSE(store.LockAlone());
  { const ObjectStore::Writing another(store); }
  EXPECT_FALSE(store.LockAlone());
}

// bug: what was put was lost, and the next flush, which found nothing to do, said that all was well.
TEST_F(ObjectStoreTest, WhatAFlushFailsForWaitsForTheNextOne) {
  ObjectStore store(Options(Sync::kFlush));
  std::vector<Digest> digests;
  {
    ObjectStore::Batch batch(store, cancel_);
    for (const char* text : {"one", "two", "three"}) digests.push_back(batch.Put(Bytes(text))->digest);
    batch.Commit();
  }
  CancelFlag cancelled;
  cancelled.Set();
  EXPECT_THROW(store.Flush(cancelled), Cancelled);
  EXPECT_FALSE(store.LockAlone());
  const fs::path in_the_way = folder_ / ("store/" + ObjectName(digests[1]).substr(0, 2));
  std::ofstream(in_the_way) << "no folder";
  EXPECT_THROW(store.Flush(cancel_), RuleFailure);
  fs::remove(in_the_way);
  {
    ObjectStore::Batch batch(store, cancel_);
    EXPECT_TRUE(batch.Put(Bytes("three"))->existed);
    batch.Commit();
  }
  store.Flush(cancel_);
  for (const Digest& digest : digests) EXPECT_TRUE(store.IsSound(digest, {}, Trust::kContent, cancel_));
}

// bug: one writer lost its lock for a moment when it tried, in which the other one had the store alone.
TEST_F(ObjectStoreTest, OfTwoWritersThatTryNobodyHasItAlone) {
  ObjectStore one(Options());
  ObjectStore other(Options());
  EXPECT_TRUE(one.BeginWriting() && other.BeginWriting());
  std::atomic<int> had = 0;
  const auto try_often = [&had](ObjectStore& store) {
    for (int i = 0; i < 5000; ++i)
      if (store.LockAlone()) {
        ++had;
        store.Unlock();
      }
  };
  std::thread thread([&] { try_often(other); });
  try_often(one);
  thread.join();
  EXPECT_EQ(had, 0);
  other.Close();
  EXPECT_TRUE(one.LockAlone());
}

// bug: who had lost its lock waited for it, on a thread that the one who had it might need.
TEST_F(ObjectStoreTest, WhoLosesItsLockBeginsAnew) {
  ObjectStore store(Options());
  { ObjectStore::Batch batch(store, cancel_); }
  const Descriptor lock(open((folder_ / "store/.lock").c_str(), O_RDWR | O_CLOEXEC));
  std::atomic<bool> done = false;
  std::thread thief([&] {  // one that knows of no turns
    while (!done && flock(lock.Get(), LOCK_EX | LOCK_NB) != 0) flock(lock.Get(), LOCK_SH | LOCK_NB);
  });
  for (int i = 0; i < 1'000'000 && store.BeginWriting(); ++i)
    if (store.LockAlone()) store.Unlock();
  done = true;
  thief.join();
  flock(lock.Get(), LOCK_UN);
  ObjectStore::Batch batch(store, cancel_);
  EXPECT_FALSE(batch.Put(Bytes("text"))->existed);
  batch.Commit();
}

/// Takes descriptors until this is gone, but for so many.
class FewDescriptors {
 public:
  explicit FewDescriptors(rlim_t left) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const int next = dup(STDERR_FILENO);
    close(next);
    const rlimit few{static_cast<rlim_t>(next) + left, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

// bug: a folder that could be made but not opened was left behind.
TEST_F(ObjectStoreTest, AFolderThatCannotBeOpenedIsRemoved) {
  StoreOptions options = Options();
  options.cache = false;
  ObjectStore store(options);
  {
    const FewDescriptors only(1);  // for the lock
    EXPECT_THROW(store.BeginWriting(), SystemFailure);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "store"), {}), 1);  // the lock
  EXPECT_TRUE(store.BeginWriting());
}

}  // namespace
}  // namespace composefs

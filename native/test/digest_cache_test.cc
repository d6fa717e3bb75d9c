#include "digest_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <fstream>

#include "temporary_folder.h"

namespace composefs {
namespace {

const FileIdentity kFile{1, 2, 3, 4, 5};
const Digest kDigest = {1, 2, 3};

class DigestCacheTest : public testing::Test {
 protected:
  DigestCacheTest() : file_(open(folder_.Path().c_str(), O_RDONLY | O_DIRECTORY)) {}

  void Save() {
    DigestCache cache;
    cache.Add(kFile, kDigest);
    cache.Save(file_.Get(), file_.Get(), "cache");
  }
  bool Knows() {
    DigestCache cache;
    cache.Load(file_.Get(), "cache");
    return cache.Find(kFile) == kDigest;
  }

  TemporaryFolder folder_;
  Descriptor file_;
};

TEST_F(DigestCacheTest, KnowsAFileByAllThatIsSaidOfIt) {
  DigestCache cache;
  cache.Add(kFile, kDigest);
  EXPECT_EQ(cache.Find(kFile), kDigest);
  for (int field = 0; field < 5; ++field) {
    FileIdentity other = kFile;
    int64_t* fields[] = {&other.dev, &other.ino, &other.size, &other.mtime_ns, &other.ctime_ns};
    ++*fields[field];
    EXPECT_EQ(cache.Find(other), std::nullopt) << field;
  }
}

TEST_F(DigestCacheTest, DoesNotTakeWhatChangedJustNow) {
  DigestCache cache;
  const int64_t now = time(nullptr) * int64_t{1'000'000'000};
  cache.Add({1, 2, 3, 4, now}, kDigest);
  cache.Add({1, 2, 3, now, 5}, kDigest);
  cache.Add({1, 2, 3, 4, now * 2}, kDigest);
  EXPECT_EQ(cache.Find({1, 2, 3, 4, now}), std::nullopt);
  EXPECT_EQ(cache.Find({1, 2, 3, now, 5}), std::nullopt);
  EXPECT_EQ(cache.Find({1, 2, 3, 4, now * 2}), std::nullopt);
}

TEST_F(DigestCacheTest, DoesNotTakeWhatMayHaveChangedWhileItWasRead) {
  DigestCache cache;
  const int64_t now = DigestCache::Now();
  cache.Add({1, 2, 3, 4, now - 3'000'000'000}, kDigest, now - 2'000'000'000);
  EXPECT_EQ(cache.Find({1, 2, 3, 4, now - 3'000'000'000}), std::nullopt);
  cache.Add({1, 2, 3, 4, now - 3'000'000'000}, kDigest, now);
  EXPECT_EQ(cache.Find({1, 2, 3, 4, now - 3'000'000'000}), kDigest);
}

TEST_F(DigestCacheTest, KnowsFileSystemsWhoseTimesAreTheirOwn) {
  const Descriptor file(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
  EXPECT_FALSE(HasOwnTimes(file.Get()));
  EXPECT_FALSE(HasOwnTimes(-1));
  const Descriptor memory(memfd_create("test", MFD_CLOEXEC));
  EXPECT_TRUE(HasOwnTimes(memory.Get()));  // a file of a tmpfs
}

TEST_F(DigestCacheTest, LastsInAFile) {
  EXPECT_FALSE(Knows());
  Save();
  EXPECT_TRUE(Knows());
}

TEST_F(DigestCacheTest, IsNothingWhereAByteIsWrong) {
  Save();
  std::string bytes;
  {
    std::ifstream in(folder_ / "cache", std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(in), {});
  }
  ASSERT_EQ(bytes.size(), 24U + 72U);
  for (size_t at = 0; at <= bytes.size(); ++at) {
    std::string torn = bytes;
    if (at < bytes.size())
      torn[at] = static_cast<char>(torn[at] ^ 1);
    else
      torn.pop_back();
    std::ofstream(folder_ / "cache", std::ios::binary) << torn;
    EXPECT_FALSE(Knows()) << at;
  }
}

TEST_F(DigestCacheTest, IsNotTakenFromWhatOthersCanWrite) {
  Save();
  chmod((folder_ / "cache").c_str(), 0666);
  EXPECT_FALSE(Knows());
}

}  // namespace
}  // namespace composefs

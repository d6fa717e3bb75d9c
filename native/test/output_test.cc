#include "output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "errors.h"

namespace composefs {
namespace {

namespace fs = std::filesystem;

class OutputTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "composefs-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(folder_); }

  std::string Path(const char* name) const { return folder_ / name; }
  size_t Files() const { return static_cast<size_t>(std::distance(fs::directory_iterator(folder_), {})); }

  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  static void Put(Output& output, const std::string& text) {
    output.Write({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
  }

  fs::path folder_;
  CancelFlag cancel_;
};

TEST_F(OutputTest, NothingIsThereBeforeTheCommit) {
  const std::unique_ptr<Output> output = OpenPath(Path("new"), Flush::kYes, cancel_);
  Put(*output, "text");
  EXPECT_FALSE(fs::exists(Path("new")));
  output->Commit();
  EXPECT_EQ(Read(Path("new")), "text");
  EXPECT_EQ(Files(), 1u);
}

// bug: an image was said to be on the disk whose folder had not been synced.
TEST_F(OutputTest, AFolderThatIsNotSyncedIsAnError) {
  const std::unique_ptr<Output> output = OpenPath(Path("new"), Flush::kYes, cancel_);
  Put(*output, "text");
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  rlimit none = limit;
  none.rlim_cur = 0;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto failure = Attempt([&] { output->Commit(); });
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_TRUE(failure);
  EXPECT_EQ(std::get<SystemFailure>(*failure).error, EMFILE);
  EXPECT_EQ(Read(Path("new")), "text");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(OutputTest, WithoutAFlushToo) {
  std::ofstream(Path("file")) << "old";
  const std::unique_ptr<Output> output = OpenPath(Path("file"), Flush::kNo, cancel_);
  Put(*output, "new");
  EXPECT_EQ(Read(Path("file")), "old");
  output->Commit();
  EXPECT_EQ(Read(Path("file")), "new");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(OutputTest, WithoutACommitTheOldFileStays) {
  std::ofstream(Path("old")) << "old";
  Put(*OpenPath(Path("old"), Flush::kYes, cancel_), "new");
  EXPECT_EQ(Read(Path("old")), "old");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(OutputTest, ASymlinkKeepsPointingToTheFile) {
  std::ofstream(Path("file")) << "old";
  fs::create_symlink("file", Path("link"));
  const std::unique_ptr<Output> output = OpenPath(Path("link"), Flush::kYes, cancel_);
  Put(*output, "new");
  output->Commit();
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(Read(Path("file")), "new");
}

TEST_F(OutputTest, ASymlinkToNothingYetIsFollowedToo) {
  fs::create_directory(Path("folder"));
  fs::create_symlink("folder/file", Path("link"));
  const std::unique_ptr<Output> output = OpenPath(Path("link"), Flush::kYes, cancel_);
  Put(*output, "new");
  output->Commit();
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(Read(Path("folder/file")), "new");
}

TEST_F(OutputTest, SymlinksInACircle) {
  fs::create_symlink("b", Path("a"));
  fs::create_symlink("a", Path("b"));
  EXPECT_THROW(OpenPath(Path("a"), Flush::kYes, cancel_), SystemFailure);
}

TEST_F(OutputTest, APipeThatNobodyReadsCanBeGivenUp) {
  std::array<int, 2> ends;
  ASSERT_EQ(pipe(ends.data()), 0);
  const Descriptor reader(ends[0]);
  DescriptorOutput output(Descriptor(ends[1]), cancel_);
  std::thread other([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    cancel_.Set();
  });
  EXPECT_THROW(Put(output, std::string(1 << 20, 'x')), Cancelled);
  other.join();
}

TEST_F(OutputTest, AFifoThatNobodyOpensCanBeGivenUp) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  std::thread other([this] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    cancel_.Set();
  });
  EXPECT_THROW(OpenPath(Path("fifo"), Flush::kYes, cancel_), Cancelled);
  other.join();
}

TEST_F(OutputTest, ADeviceIsWrittenToAndStays) {
  const std::unique_ptr<Output> output = OpenPath("/dev/null", Flush::kYes, cancel_);
  Put(*output, "text");
  output->Commit();
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(OutputTest, FailuresNameTheCall) {
  const auto error_of = [this](const std::string& path) {
    try {
      OpenPath(path, Flush::kYes, cancel_);
      return 0;
    } catch (const SystemFailure& failure) {
      EXPECT_STREQ(failure.call, "open");
      return failure.error;
    }
  };
  EXPECT_EQ(error_of(Path("none/file")), ENOENT);
  EXPECT_EQ(error_of(folder_), EISDIR);
}

TEST_F(OutputTest, MemoryGrows) {
  MemoryOutput output;
  for (int i = 0; i < 1000; ++i) Put(output, "0123456789");
  EXPECT_EQ(output.Size(), 10'000u);
  const MemoryOutput::Data data = output.Release();
  EXPECT_EQ(data.get()[9'999], '9');
}

}  // namespace
}  // namespace composefs

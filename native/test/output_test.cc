#include "output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

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
};

TEST_F(OutputTest, NothingIsThereBeforeTheCommit) {
  const std::unique_ptr<Output> output = OpenPath(Path("new"));
  Put(*output, "text");
  EXPECT_FALSE(fs::exists(Path("new")));
  output->Commit();
  EXPECT_EQ(Read(Path("new")), "text");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(OutputTest, WithoutACommitTheOldFileStays) {
  std::ofstream(Path("old")) << "old";
  Put(*OpenPath(Path("old")), "new");
  EXPECT_EQ(Read(Path("old")), "old");
  EXPECT_EQ(Files(), 1u);
}

TEST_F(OutputTest, ASymlinkKeepsPointingToTheFile) {
  std::ofstream(Path("file")) << "old";
  fs::create_symlink("file", Path("link"));
  const std::unique_ptr<Output> output = OpenPath(Path("link"));
  Put(*output, "new");
  output->Commit();
  EXPECT_TRUE(fs::is_symlink(Path("link")));
  EXPECT_EQ(Read(Path("file")), "new");
}

TEST_F(OutputTest, ADeviceIsWrittenToAndStays) {
  const std::unique_ptr<Output> output = OpenPath("/dev/null");
  Put(*output, "text");
  output->Commit();
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST_F(OutputTest, FailuresNameTheCall) {
  const auto error_of = [](const std::string& path) {
    try {
      OpenPath(path);
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

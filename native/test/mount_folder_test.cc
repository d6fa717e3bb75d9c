#include "mount_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "fs_context.h"

namespace composefs {
namespace {

namespace fs = std::filesystem;

class MountFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "composefs-test-XXXXXX";
    parent_ = mkdtemp(name.data());
  }
  void TearDown() override { fs::remove_all(parent_); }

  bool IsEmpty() const { return fs::is_empty(parent_); }

  std::string parent_;
};

TEST_F(MountFolderTest, IsThereMeanwhile) {
  {
    const MountFolder first(parent_, "");
    const MountFolder second(parent_, "");
    EXPECT_TRUE(fs::is_directory(first.Path()));
    EXPECT_TRUE(fs::is_directory(second.Path()));
    EXPECT_NE(first.Path(), second.Path());
  }
  EXPECT_TRUE(IsEmpty());
}

TEST_F(MountFolderTest, TakesAwayWhatNobodyHolds) {
  fs::create_directories(parent_ + "/composefs-mount-left00/image");
  fs::create_directories(parent_ + "/composefs-mount-held00/image");
  fs::create_directories(parent_ + "/composefs-other");
  fs::create_directory_symlink("composefs-other", parent_ + "/composefs-mount-link00");
  const Descriptor held(open((parent_ + "/composefs-mount-held00").c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_EQ(flock(held.Get(), LOCK_EX), 0);
  { const MountFolder folder(parent_, ""); }
  EXPECT_FALSE(fs::exists(parent_ + "/composefs-mount-left00"));
  EXPECT_TRUE(fs::exists(parent_ + "/composefs-mount-held00/image"));
  EXPECT_TRUE(fs::exists(parent_ + "/composefs-other"));
  EXPECT_TRUE(fs::is_symlink(parent_ + "/composefs-mount-link00"));
}

TEST_F(MountFolderTest, LeavesWhatIsNotEmpty) {
  fs::create_directories(parent_ + "/composefs-mount-files0/image/more");
  { const MountFolder folder(parent_, ""); }
  EXPECT_TRUE(fs::exists(parent_ + "/composefs-mount-files0/image/more"));
}

TEST_F(MountFolderTest, SaysWhereItCannotBe) {
  try {
    const MountFolder folder(parent_ + "/none", "");
    FAIL();
  } catch (const MountFailure& failure) {
    EXPECT_EQ(failure.step, "folder");
    EXPECT_EQ(failure.error, ENOENT);
    EXPECT_EQ(failure.log, parent_ + "/none");
  }
}

}  // namespace
}  // namespace composefs

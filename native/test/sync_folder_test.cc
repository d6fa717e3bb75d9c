#include "sync_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <array>

#include "output.h"
#include "temporary_folder.h"

namespace composefs {
namespace {

TEST(SyncFolder, SyncsAFolder) {
  const TemporaryFolder temporary;
  const Descriptor folder(open(temporary.Path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  ASSERT_TRUE(folder.IsOpen());
  EXPECT_TRUE(SyncFolder(folder.Get()));
}

TEST(SyncFolder, PassesOverWhatCannotBeSynced) {
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(pipe2(pipe_ends.data(), O_CLOEXEC), 0);
  const Descriptor reads(pipe_ends[0]);
  const Descriptor writes(pipe_ends[1]);
  EXPECT_TRUE(SyncFolder(reads.Get()));  // EINVAL
  const Descriptor path(open("/", O_PATH | O_CLOEXEC));
  EXPECT_TRUE(SyncFolder(path.Get()));  // EBADF
}

}  // namespace
}  // namespace composefs

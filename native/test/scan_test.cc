#include "scan.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

namespace composefs {
namespace {

namespace fs = std::filesystem;

class ScanTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = fs::temp_directory_path() / "composefs-scan-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) { std::ofstream(folder_ / name) << text; }

  struct Record {
    uint32_t words[12];
    int64_t longs[6];
    std::string name;
    std::string text;
    std::string xattrs;
    Problem problem() const { return static_cast<Problem>(words[7] >> 16); }
  };

  /// Reads back what was packed, and that nothing is left over.
  std::map<std::string, Record> Scan(const ScanOptions& options = {}) {
    const auto bytes = ScanDirectory(folder_, std::nullopt, options, cancel_);
    std::map<std::string, Record> records;
    size_t at = 0;
    while (at < bytes.size()) {
      Record record;
      std::memcpy(record.words, bytes.data() + at, sizeof record.words);
      std::memcpy(record.longs, bytes.data() + at + sizeof record.words, sizeof record.longs);
      const char* rest = reinterpret_cast<const char*>(bytes.data()) + at + 96;
      record.name.assign(rest, record.words[8]);
      record.text.assign(rest + record.words[8], record.words[9]);
      record.xattrs.assign(rest + record.words[8] + record.words[9], record.words[11]);
      at = (at + 96 + record.words[8] + record.words[9] + record.words[11] + 7) / 8 * 8;
      records[record.name] = record;
    }
    EXPECT_EQ(at, bytes.size());
    return records;
  }

  bool TakesXattrs() { return setxattr(folder_.c_str(), "user.probe", "", 0, 0) == 0; }

  fs::path folder_;
  CancelFlag cancel_;
};

TEST_F(ScanTest, PacksEveryName) {
  Write("file", "content");
  Write("large", std::string(65, 'x'));
  fs::create_symlink("target", folder_ / "link");
  fs::create_directory(folder_ / "folder");
  const auto records = Scan();
  ASSERT_EQ(records.size(), 5U);
  EXPECT_TRUE(S_ISDIR(records.at("").words[0]));
  EXPECT_EQ(records.at("file").text, "content");
  EXPECT_EQ(records.at("large").text, "");
  EXPECT_EQ(records.at("large").longs[2], 65);
  EXPECT_EQ(records.at("link").text, "target");
  for (const auto& [name, record] : records) EXPECT_EQ(record.problem(), Problem::kNone) << name;
}

TEST_F(ScanTest, BoundsAttributes) {
  if (!TakesXattrs()) GTEST_SKIP() << "no user xattrs here";
  Write("file", "");
  const std::string path = folder_ / "file";
  ASSERT_EQ(setxattr(path.c_str(), "user.value", "0123456789", 10, 0), 0);
  ScanOptions options;
  options.xattr_limit = 12 + 7 + 10 + 10;
  EXPECT_EQ(Scan(options).at("file").words[10], 1U);
  options.xattr_limit--;
  EXPECT_EQ(Scan(options).at("file").problem(), Problem::kXattrLimit);
  EXPECT_EQ(Scan(options).at("file").words[10], 0U);
}

TEST_F(ScanTest, TakesLongAttributes) {
  if (!TakesXattrs()) GTEST_SKIP() << "no user xattrs here";
  Write("file", "");
  const std::string path = folder_ / "file";
  const std::string value(3000, 'v');
  ASSERT_EQ(setxattr(path.c_str(), "user.long", value.data(), value.size(), 0), 0);
  EXPECT_EQ(Scan().at("file").xattrs.size(), 8 + 9 + value.size());
  ScanOptions options;
  options.xattrs = false;
  EXPECT_EQ(Scan(options).at("file").xattrs.size(), 0U);
}

TEST_F(ScanTest, BoundsNames) {
  Write("a", "");
  Write("b", "");
  ScanOptions options;
  options.entry_limit = 1;
  EXPECT_EQ(Scan(options).at("").problem(), Problem::kEntryLimit);
}

TEST_F(ScanTest, StopsWhenCancelled) {
  Write("a", "");
  cancel_.Set();
  EXPECT_THROW(Scan(), Cancelled);
}

TEST_F(ScanTest, RefusesAnotherInode) {
  const auto bytes = ScanDirectory(folder_, InodeNumber{1, 2}, {}, cancel_);
  uint32_t problem;
  std::memcpy(&problem, bytes.data() + 28, sizeof problem);
  EXPECT_EQ(static_cast<Problem>(problem >> 16), Problem::kChanged);
}

TEST_F(ScanTest, NeverMixesStatesOfAFile) {
  std::atomic<bool> stop = false;
  std::thread writer([&] {
    for (int turn = 0; !stop; turn++) {
      Write("next", turn % 2 ? "one" : "another");
      fs::rename(folder_ / "next", folder_ / "file");
    }
  });
  for (int i = 0; i < 300; i++) {
    const auto records = Scan();
    const auto found = records.find("file");
    if (found == records.end() || found->second.problem() != Problem::kNone) continue;
    const std::string& text = found->second.text;
    EXPECT_TRUE(text == "one" || text == "another" || text.empty()) << text;
    EXPECT_EQ(static_cast<size_t>(found->second.longs[2]), text.size());
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace composefs

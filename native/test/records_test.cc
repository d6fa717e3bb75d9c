#include "records.h"

#include <gtest/gtest.h>

#include "chunk_builder.h"
#include "errors.h"

namespace composefs {
namespace {

std::string RuleOf(const Chunk& chunk) {
  try {
    RecordReader reader(chunk, 0);
    Record record;
    while (reader.Next(record)) continue;
    return "";
  } catch (const RecordFailure& failure) {
    return failure.rule;
  }
}

Record Second(const TestRecord& second) {
  static Chunk chunk;  // the record points into it
  chunk = MakeChunk({Root(1), second});
  RecordReader reader(chunk, 0);
  Record record;
  reader.Next(record);
  EXPECT_TRUE(reader.Next(record));
  return record;
}

TEST(Records, FileInTheStore) {
  const std::string digest(64, 'a');
  const Record record = Second({.name = "f",
                                .mode = 0100644,
                                .first = 5,
                                .second = 1,
                                .flags = kPathFlag | kDigestFlag,
                                .strings = {"aa/bb", digest},
                                .xattrs = {{"user.a", "1"}, {"user.b", ""}}});
  EXPECT_STREQ(record.name, "f");
  EXPECT_EQ(record.size, 5 + (uint64_t{1} << 32));
  EXPECT_STREQ(record.text, "aa/bb");
  ASSERT_TRUE(record.has_digest);
  EXPECT_EQ(record.digest[31], 0xaa);
  ASSERT_EQ(record.xattrs.size(), 2u);
  EXPECT_STREQ(record.xattrs[1].name, "user.b");
  EXPECT_EQ(record.xattrs[1].value.size(), 0u);
}

TEST(Records, InlineContentComesBeforeXattrValues) {
  const Record record = Second({.name = "f",
                                .mode = 0100644,
                                .first = 3,
                                .flags = kContentFlag,
                                .content = "abc",
                                .xattrs = {{"user.a", "xyz"}}});
  EXPECT_EQ(std::string(record.content, record.content + record.size), "abc");
  EXPECT_EQ(record.xattrs[0].value[0], 'x');
}

TEST(Records, TimesBeforeAndBeyond64BitsOfNanoseconds) {
  const Record before = Second({.name = "f", .mode = 0100644, .mtime = {-1, -1, -1}});
  EXPECT_EQ(before.mtime_seconds, -1);
  EXPECT_EQ(before.mtime_nanoseconds, 999'999'999u);
  // 2^64 nanoseconds are 18,446,744,073 seconds and 709,551,616 nanoseconds.
  const Record beyond = Second({.name = "f", .mode = 0100644, .mtime = {0, 0, 1}});
  EXPECT_EQ(beyond.mtime_seconds, 18'446'744'073);
  EXPECT_EQ(beyond.mtime_nanoseconds, 709'551'616u);
}

TEST(Records, EachRuleIsNamed) {
  const auto rule_of = [](const TestRecord& record) { return RuleOf(MakeChunk({Root(1), record})); };
  EXPECT_EQ(rule_of(EmptyFile("")), "name-empty");
  EXPECT_EQ(rule_of(EmptyFile(".")), "name-dot");
  EXPECT_EQ(rule_of(EmptyFile("..")), "name-dot");
  EXPECT_EQ(rule_of(EmptyFile("a/b")), "name-slash");
  EXPECT_EQ(rule_of(EmptyFile(std::string(255, 'a'))), "");
  EXPECT_EQ(rule_of(EmptyFile(std::string(256, 'a'))), "name-length");
  EXPECT_EQ(rule_of({.name = "f", .mode = 0150000}), "type");
  EXPECT_EQ(rule_of({.name = "f", .mode = 0300644}), "mode");
  EXPECT_EQ(rule_of({.name = "f", .mode = 0100644, .second = 1u << 22}), "size");
  EXPECT_EQ(rule_of({.name = "f", .mode = 0100644, .first = 5001, .flags = kContentFlag}), "content-size");
  EXPECT_EQ(rule_of({.name = "f", .mode = 0100644, .first = 4, .flags = kContentFlag}), "blobs");
  EXPECT_EQ(rule_of({.name = "f", .mode = 0100644, .flags = kDigestFlag, .strings = {"AA"}}), "digest");
  EXPECT_EQ(rule_of({.name = "f", .mode = 0100644, .flags = kPathFlag}), "strings");
  EXPECT_EQ(rule_of({.name = "f", .mode = 0100644, .strings = {"more"}}), "leftover");
  EXPECT_EQ(rule_of({.name = "f", .mode = 0100644, .flags = 2}), "lengths");
  EXPECT_EQ(rule_of({.name = "f", .mode = 0040755, .flags = kPathFlag, .strings = {"p"}}), "flags");
  EXPECT_EQ(rule_of({.name = "l", .mode = 0120777, .strings = {""}}), "symlink-target");
  EXPECT_EQ(rule_of({.name = "d", .mode = 0020644, .first = 4096}), "rdev");
  EXPECT_EQ(rule_of({.name = "d", .mode = 0060644, .second = 1u << 20}), "rdev");
  EXPECT_EQ(rule_of({.name = "h", .mode = 0, .flags = 1}), "link");
}

TEST(Records, HeaderThatLies) {
  const Chunk good = MakeChunk({Root(1), EmptyFile("a")});
  EXPECT_EQ(RuleOf(good), "");
  for (size_t word = 0; word < 6; ++word) {
    for (const int32_t value : {-1, 0, 1 << 30, INT32_MIN}) {
      Chunk bad = good;
      std::memcpy(bad.data() + word * 4, &value, 4);
      if (bad == good) continue;
      EXPECT_NE(RuleOf(bad), "") << word << " " << value;
    }
  }
}

TEST(Records, CutOffAnywhere) {
  const Chunk good = MakeChunk({Root(1), EmptyFile("a")});
  for (size_t size = 0; size < good.size(); ++size)
    EXPECT_NE(RuleOf(Chunk(good.begin(), good.begin() + static_cast<ptrdiff_t>(size))), "") << size;
}

}  // namespace
}  // namespace composefs

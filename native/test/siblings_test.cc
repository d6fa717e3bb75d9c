#include "siblings.h"

#include <gtest/gtest.h>

#include "chunk_builder.h"
#include "errors.h"

namespace composefs {
namespace {

/// Opens a chunk, and adds all of its records.
void AddAll(Siblings& siblings, const std::vector<TestRecord>& records, uint32_t first) {
  RecordReader& reader = siblings.Open(MakeChunk(records), first);
  Record record;
  for (auto place = reader.Tell(); reader.Next(record); place = reader.Tell())
    siblings.Add(record, place, first++);
}

std::vector<std::string> Names(Siblings& siblings) {
  std::vector<std::string> names;
  for (const auto& sibling : siblings.Sorted()) names.emplace_back(sibling.name);
  return names;
}

TEST(Siblings, OfSeveralChunksAreReadAgainInTheOrderOfTheirNames) {
  Siblings siblings;
  AddAll(siblings, {EmptyFile("c"), {.name = "a", .mode = 0100644, .xattrs = {{"user.a", "22"}}}}, 7);
  AddAll(
      siblings,
      {{.name = "b", .mode = 0100644, .first = 3, .flags = kContentFlag, .content = "abc"}, HardLink("d", 7)},
      9);
  EXPECT_EQ(Names(siblings), (std::vector<std::string>{"a", "b", "c", "d"}));
  EXPECT_EQ(siblings.Count(), 4u);
  std::vector<uint32_t> numbers;
  Record record;
  for (const auto& sibling : siblings.Sorted()) {
    sibling.reader->Again(sibling.number, sibling.place, record);
    EXPECT_STREQ(record.name, sibling.name);
    numbers.push_back(sibling.number);
    EXPECT_EQ(record.xattrs.size(), sibling.number == 8 ? 1u : 0u);
    EXPECT_EQ(record.link_target, sibling.number == 10 ? 7u : 0u);
    EXPECT_EQ(record.content != nullptr && record.content[2] == 'c', sibling.number == 9);
  }
  EXPECT_EQ(numbers, (std::vector<uint32_t>{8, 9, 7, 10}));
}

TEST(Siblings, ThatBeginAlikeAreSortedByWhatFollows) {
  const std::vector<std::string> sorted = {"1234567",     "12345678", "12345678a", "12345678b",
                                           "1234567\xff", "\x80",     "\xff"};
  std::vector<TestRecord> records;
  for (auto name = sorted.rbegin(); name != sorted.rend(); ++name) records.push_back(EmptyFile(*name));
  Siblings siblings;
  AddAll(siblings, records, 1);
  EXPECT_EQ(Names(siblings), sorted);
}

TEST(Siblings, TheirOwnChildrenComeInTheOrderOfTheEncoder) {
  const auto parents = [](const std::string& last) {
    Siblings siblings;
    AddAll(siblings, {Folder("c", 1), EmptyFile("\xc3\xa9"), Folder("b", 1), Folder("d", 0), Folder(last, 1)},
           1);
    siblings.Sorted();
    std::vector<std::string> names;
    for (const auto& parent : siblings.Parents()) names.emplace_back(parent.name);
    return names;
  };
  EXPECT_EQ(parents("a"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(parents("\xc3\xa0"), (std::vector<std::string>{"c", "b", "\xc3\xa0"}));
}

TEST(Siblings, TheNextOnesMayBeginInTheSameChunk) {
  Siblings siblings;
  RecordReader& reader = siblings.Open(MakeChunk({EmptyFile("b"), EmptyFile("a")}), 1);
  Record record;
  for (const char* name : {"b", "a"}) {
    const auto place = reader.Tell();
    ASSERT_TRUE(reader.Next(record));
    siblings.Add(record, place, 1);
    EXPECT_EQ(Names(siblings), std::vector<std::string>{name});
    siblings.Clear();
    EXPECT_EQ(siblings.Count(), 0u);
  }
}

TEST(Siblings, TwoOfOneNameAreRefused) {
  for (const char* name : {"a", "12345678a"}) {
    Siblings siblings;
    AddAll(siblings, {EmptyFile(name), EmptyFile("x"), EmptyFile(name)}, 1);
    EXPECT_THROW(siblings.Sorted(), RecordFailure);
  }
}

}  // namespace
}  // namespace composefs

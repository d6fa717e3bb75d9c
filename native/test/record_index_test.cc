#include "record_index.h"

#include <gtest/gtest.h>

#include "chunk_builder.h"
#include "errors.h"

namespace composefs {
namespace {

TEST(RecordIndex, FindsEachRecordAgain) {
  const CancelFlag cancel;
  RecordIndex index(cancel);
  index.Add(MakeChunk({Root(2),
                       Folder("d", 2),
                       {.name = "f", .mode = 0100644, .xattrs = {{"user.a", "1"}, {"user.b", "22"}}}}));
  index.Add(MakeChunk({{.name = "g",
                        .mode = 0100644,
                        .first = 3,
                        .flags = kContentFlag,
                        .content = "abc",
                        .xattrs = {{"user.c", "333"}}},
                       HardLink("h", 3)}));
  index.CheckComplete();

  Record record;
  for (const uint32_t number : {4u, 3u, 2u, 1u, 0u, 3u}) {
    index.Read(number, record);
    EXPECT_STREQ(record.name, index.Name(number));
  }
  EXPECT_STREQ(index.Name(2), "f");
  EXPECT_EQ(record.content[2], 'c');
  ASSERT_EQ(record.xattrs.size(), 1u);
  EXPECT_EQ(record.xattrs[0].value.size(), 3u);
  EXPECT_EQ(index.FirstChild(0), 1u);
  EXPECT_EQ(index.FirstChild(1), 3u);
  EXPECT_TRUE(index.IsLinked(3));
  EXPECT_FALSE(index.IsLinked(2));
}

TEST(RecordIndex, IsCompleteWithTheLastChild) {
  const CancelFlag cancel;
  RecordIndex index(cancel);
  EXPECT_THROW(index.CheckComplete(), RecordFailure);
  index.Add(MakeChunk({Root(2), EmptyFile("a")}));
  EXPECT_THROW(index.CheckComplete(), RecordFailure);
  index.Add(MakeChunk({EmptyFile("b")}));
  EXPECT_NO_THROW(index.CheckComplete());
  EXPECT_THROW(index.Add(MakeChunk({EmptyFile("c")})), RecordFailure);
}

}  // namespace
}  // namespace composefs

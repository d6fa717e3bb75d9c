#include "tree.h"

#include <gtest/gtest.h>

#include "chunk_builder.h"
#include "errors.h"

namespace composefs {
namespace {

NodePtr Build(const std::vector<TestRecord>& records) {
  CancelFlag cancel;
  TreeBuilder builder(cancel);
  builder.Add(MakeChunk(records));
  return builder.Finish();
}

std::string RuleOf(const std::vector<TestRecord>& records) {
  try {
    Build(records);
    return "";
  } catch (const RecordFailure& failure) {
    return failure.rule;
  }
}

lcfs_node_s* Child(lcfs_node_s* parent, const char* name) {
  return lcfs_node_lookup_child(parent, name);
}

TEST(Tree, SiblingsAreSortedByTheirBytes) {
  const NodePtr root = Build({Root(3), EmptyFile("b"), EmptyFile("\xc3\xa9"), EmptyFile("B")});
  ASSERT_EQ(lcfs_node_get_n_children(root.get()), 3u);
  EXPECT_STREQ(lcfs_node_get_name(lcfs_node_get_child(root.get(), 0)), "B");
  EXPECT_STREQ(lcfs_node_get_name(lcfs_node_get_child(root.get(), 2)), "\xc3\xa9");
}

TEST(Tree, BehindItsChildrenComesAllThatIsBelowADirectory) {
  const NodePtr root = Build(
      {Root(2), Folder("b", 1), Folder("a", 1), Folder("in-a", 1), EmptyFile("below"), EmptyFile("in-b")});
  EXPECT_NE(Child(Child(Child(root.get(), "a"), "in-a"), "below"), nullptr);
  EXPECT_NE(Child(Child(root.get(), "b"), "in-b"), nullptr);
}

TEST(Tree, ChunksMayBreakAnywhere) {
  CancelFlag cancel;
  TreeBuilder builder(cancel);
  for (const TestRecord& record : {Root(2), Folder("d", 1), EmptyFile("f"), HardLink("g", 2)})
    builder.Add(MakeChunk({record}));
  const NodePtr root = builder.Finish();
  lcfs_node_s* link = Child(root.get(), "f");
  EXPECT_EQ(lcfs_node_get_hardlink_target(link), Child(Child(root.get(), "d"), "g"));
}

TEST(Tree, TheFirstNameInAWalkIsTheHomeOfAnInode) {
  // Met as "z", but a walk meets "a/x" before it, and "b" in between.
  const NodePtr root = Build({Root(3), EmptyFile("z"), Folder("a", 1), HardLink("b", 1), HardLink("x", 1)});
  lcfs_node_s* home = Child(Child(root.get(), "a"), "x");
  EXPECT_EQ(lcfs_node_get_hardlink_target(home), nullptr);
  EXPECT_EQ(lcfs_node_get_hardlink_target(Child(root.get(), "z")), home);
  EXPECT_EQ(lcfs_node_get_hardlink_target(Child(root.get(), "b")), home);
  EXPECT_EQ(lcfs_node_get_nlink(home), 3u);
}

TEST(Tree, ShapesThatAreNoTree) {
  EXPECT_EQ(RuleOf({EmptyFile("")}), "root");
  EXPECT_EQ(RuleOf({{.name = "", .mode = 0020000}}), "root");
  EXPECT_EQ(RuleOf({Root(2), EmptyFile("a")}), "child-count");
  EXPECT_EQ(RuleOf({Root(0), EmptyFile("a")}), "child-count");
  EXPECT_EQ(RuleOf({Root(UINT32_MAX), EmptyFile("a")}), "child-count");
  EXPECT_EQ(RuleOf({Root(2), EmptyFile("a"), EmptyFile("a")}), "name-duplicate");
}

TEST(Tree, HardLinksThatLibcomposefsWouldNotSurvive) {
  EXPECT_EQ(RuleOf({Root(1), HardLink("a", 1)}), "link");
  EXPECT_EQ(RuleOf({Root(1), HardLink("a", 0)}), "link");
  EXPECT_EQ(RuleOf({Root(1), HardLink("a", 7)}), "link");
  EXPECT_EQ(RuleOf({Root(2), HardLink("a", 2), EmptyFile("b")}), "link");
  EXPECT_EQ(RuleOf({Root(3), EmptyFile("a"), HardLink("b", 1), HardLink("c", 2)}), "link");
  EXPECT_EQ(RuleOf({Root(2), {.name = "w", .mode = 0020000}, HardLink("x", 1)}), "link");
}

TEST(Tree, Depth) {
  std::vector<TestRecord> levels{Root(1)};
  for (int depth = 2; depth < 2048; ++depth) levels.push_back(Folder("d", 1));
  levels.push_back(Folder("d", 0));
  EXPECT_EQ(RuleOf(levels), "");
  levels.back().first = 1;
  levels.push_back(Folder("d", 0));
  EXPECT_EQ(RuleOf(levels), "depth");
}

TEST(Tree, XattrsOverTheBudgetAreRefusedByTheLibrary) {
  EXPECT_THROW(
      Build({Root(1), {.name = "f", .mode = 0100644, .xattrs = {{"user.a", std::string(32770, 'x')}}}}),
      SystemFailure);
}

TEST(Tree, Cancelled) {
  CancelFlag cancel;
  TreeBuilder builder(cancel);
  cancel.Set();
  EXPECT_THROW(builder.Add(MakeChunk({Root(0)})), Cancelled);
}

}  // namespace
}  // namespace composefs

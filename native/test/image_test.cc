#include "image.h"

#include <gtest/gtest.h>

#include "chunk_builder.h"
#include "errors.h"
#include "tree.h"

namespace composefs {
namespace {

NodePtr Build(const std::vector<TestRecord>& records, const CancelFlag& cancel) {
  TreeBuilder builder(cancel);
  builder.Add(MakeChunk(records));
  return builder.Finish();
}

TEST(Image, DigestSizeAndVersionAreThoseOfTheBytes) {
  CancelFlag cancel;
  const NodePtr root = Build({Root(1), EmptyFile("a")}, cancel);
  MemoryOutput output;
  const WrittenImage written = WriteImage(root.get(), {}, output, cancel);
  EXPECT_EQ(written.size, output.Size());
  EXPECT_EQ(written.version, 0u);
  const MemoryOutput::Data bytes = output.Release();
  VerityHasher hasher;
  hasher.Update({bytes.get(), written.size});
  EXPECT_EQ(hasher.Finish(), written.digest);
}

TEST(Image, AWhiteoutNeedsVersionOne) {
  CancelFlag cancel;
  const NodePtr root = Build({Root(1), {.name = "w", .mode = 0020000}}, cancel);
  NoOutput output;
  EXPECT_EQ(WriteImage(root.get(), {}, output, cancel).version, 1u);
}

class FailingOutput final : public Output {
 public:
  void Write(std::span<const uint8_t>) override { throw SystemFailure{ENOSPC, "write"}; }
};

TEST(Image, AFailureOfTheOutputComesThroughLibcomposefs) {
  CancelFlag cancel;
  // More than one buffer, so that it is libcomposefs that calls.
  std::vector<TestRecord> records{Root(300)};
  for (int i = 0; i < 300; ++i)
    records.push_back({.name = std::to_string(i),
                       .mode = 0100644,
                       .first = 5000,
                       .flags = kContentFlag,
                       .content = std::string(5000, static_cast<char>('a' + i % 26))});
  const NodePtr root = Build(records, cancel);
  FailingOutput output;
  try {
    WriteImage(root.get(), {}, output, cancel);
    FAIL();
  } catch (const SystemFailure& failure) {
    EXPECT_EQ(failure.error, ENOSPC);
    EXPECT_STREQ(failure.call, "write");
  }
}

TEST(Image, Cancelled) {
  CancelFlag cancel;
  const NodePtr root = Build({Root(0)}, cancel);
  cancel.Set();
  NoOutput output;
  EXPECT_THROW(WriteImage(root.get(), {}, output, cancel), Cancelled);
}

}  // namespace
}  // namespace composefs

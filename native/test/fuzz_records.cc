// Harness for fuzzers: any bytes, taken as one chunk of records, become an image or a failure.
#include <fstream>
#include <iterator>

#include "errors.h"
#include "image.h"
#include "tree.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace composefs;
  CancelFlag cancel;
  try {
    TreeBuilder builder(cancel);
    builder.Add(Chunk(data, data + size));
    const NodePtr root = builder.Finish();
    NoOutput output;
    WriteImage(root.get(), {}, output, cancel);
  } catch (const RecordFailure&) {
  } catch (const SystemFailure&) {
  }
  return 0;
}

#ifdef REPLAY
int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  }
}
#endif

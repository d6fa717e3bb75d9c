// Writes the image of a file of records (chunks, one behind the other) without Node: what profilers run.
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>

#include "arena.h"
#include "errors.h"
#include "image.h"
#include "tree.h"

namespace {

using namespace composefs;

/// The chunks of a file: each says in its header how long it is.
std::vector<Chunk> ReadChunks(const char* path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw SystemFailure{errno, "open"};
  const auto size = static_cast<size_t>(file.tellg());
  const auto bytes = std::make_unique_for_overwrite<uint8_t[]>(size);
  file.seekg(0).read(reinterpret_cast<char*>(bytes.get()), static_cast<std::streamsize>(size));
  std::vector<Chunk> chunks;
  uint32_t header[6];
  for (const uint8_t *at = bytes.get(), *end = at + size; at < end; at += chunks.back().size()) {
    std::memcpy(header, at, sizeof(header));
    const size_t length = (6 + header[2] * size_t{9} + header[3]) * 4 + header[4] + header[5];
    chunks.emplace_back(at, at + length);
  }
  return chunks;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("usage: write_records RECORDS [IMAGE]\n", stderr), 2;
  try {
    const CancelFlag cancel;
    Arena arena;
    const ArenaScope scope(arena);
    WrittenImage written{};
    {
      auto builder = std::make_unique<TreeBuilder>(cancel);
      for (Chunk& chunk : ReadChunks(argv[1])) builder->Add(std::move(chunk));
      const NodePtr root = builder->Finish();
      const std::unique_ptr<Output> output =
          argc > 2 ? OpenPath(argv[2], Flush::kNo, cancel) : std::make_unique<NoOutput>();
      written = WriteImage(root.get(), {}, *output, cancel);
      output->Commit();
    }
    for (const uint8_t byte : written.digest) std::printf("%02x", byte);
    std::printf("\n");
  } catch (const SystemFailure& failure) {
    return std::fprintf(stderr, "%s: %s\n", failure.call, std::strerror(failure.error)), 1;
  } catch (const RecordFailure& failure) {
    return std::fprintf(stderr, "record %zu breaks the rule %s\n", failure.record, failure.rule.c_str()), 1;
  }
}

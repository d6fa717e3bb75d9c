// Makes chunks of records for tests, good ones and others.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "records.h"
#include "tree.h"

namespace composefs {

struct TestRecord {
  std::string name;
  uint32_t mode = 0;
  uint32_t first = 0;   // size, major, number of children or link target
  uint32_t second = 0;  // size's upper half, or minor
  uint32_t flags = 0;
  std::vector<std::string> strings = {};  // target or path, digest
  std::string content = {};
  std::vector<std::pair<std::string, std::string>> xattrs = {};
  int32_t mtime[3] = {0, 0, 0};
};

constexpr uint32_t kPathFlag = 1u << 16;
constexpr uint32_t kDigestFlag = 1u << 17;
constexpr uint32_t kContentFlag = 1u << 18;

inline TestRecord Root(uint32_t children) {
  return {.name = "", .mode = 0040755, .first = children};
}

inline TestRecord Folder(const std::string& name, uint32_t children) {
  return {.name = name, .mode = 0040755, .first = children};
}

inline TestRecord EmptyFile(const std::string& name) {
  return {.name = name, .mode = 0100644};
}

inline TestRecord HardLink(const std::string& name, uint32_t target) {
  return {.name = name, .mode = 0, .first = target};
}

inline Chunk MakeChunk(const std::vector<TestRecord>& records) {
  std::vector<int32_t> words;
  std::vector<int32_t> lengths;
  std::string strings;
  std::string blobs;
  for (const TestRecord& record : records) {
    const auto extra = static_cast<int32_t>(record.flags | record.xattrs.size());
    const auto first = static_cast<int32_t>(record.first);
    const auto second = static_cast<int32_t>(record.second);
    words.insert(words.end(), {static_cast<int32_t>(record.mode), 0, 0, record.mtime[0], record.mtime[1],
                               record.mtime[2], first, second, extra});
    strings += record.name + '\0';
    for (const std::string& string : record.strings) strings += string + '\0';
    blobs += record.content;
    for (const auto& [name, value] : record.xattrs) {
      strings += name + '\0';
      lengths.push_back(static_cast<int32_t>(value.size()));
      blobs += value;
    }
  }
  std::vector<int32_t> all = {0x52534643,
                              kRecordsVersion,
                              static_cast<int32_t>(records.size()),
                              static_cast<int32_t>(lengths.size()),
                              static_cast<int32_t>(strings.size()),
                              static_cast<int32_t>(blobs.size())};
  all.insert(all.end(), words.begin(), words.end());
  all.insert(all.end(), lengths.begin(), lengths.end());
  Chunk chunk(all.size() * sizeof(int32_t));
  std::memcpy(chunk.data(), all.data(), chunk.size());
  chunk.insert(chunk.end(), strings.begin(), strings.end());
  chunk.insert(chunk.end(), blobs.begin(), blobs.end());
  return chunk;
}

}  // namespace composefs

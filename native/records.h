// Records: how a tree crosses from JavaScript. The layout is told once, at the head of src/encode.ts; the
// names here are the same. Nothing in this file trusts the bytes: every length, count and index is checked
// before it is used, so that no buffer, however hostile, can make the process read out of bounds.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace composefs {

/// Changes with the layout, so that a stale build fails with words. RECORDS_VERSION in src/encode.ts.
constexpr int32_t kRecordsVersion = 2;

struct Xattr {
  const char* name;  // NUL-terminated
  std::span<const uint8_t> value;
};

/// One record, decoded. Pointers go into the chunk.
struct Record {
  const char* name = nullptr;
  uint32_t mode = 0;  // type and permission bits; 0: a further name of an inode (a hard link)
  uint32_t uid = 0;
  uint32_t gid = 0;
  int64_t mtime_seconds = 0;
  uint32_t mtime_nanoseconds = 0;
  uint64_t size = 0;                 // regular files
  uint32_t rdev = 0;                 // devices, as makedev(3) packs them
  uint32_t child_count = 0;          // directories
  uint32_t link_target = 0;          // hard links: the record of the inode
  const char* text = nullptr;        // symlink target, or a regular file's object path
  const uint8_t* content = nullptr;  // regular files: `size` bytes
  bool has_digest = false;
  uint8_t digest[32] = {};
  std::vector<Xattr> xattrs;

  bool IsLink() const { return mode == 0; }

  /// All of it as at first, but for memory that is used again, and for `digest`.
  void Clear();
};

/// Reads the records of one chunk, in their order.
class RecordReader {
 public:
  /// `first` is the number of the chunk's first record. The chunk must outlive the reader.
  RecordReader(std::span<const uint8_t> chunk, size_t first);

  /// Where a record begins: how much of the chunk's sections comes before what belongs to it.
  struct Place {
    uint32_t lengths = 0;
    uint32_t strings = 0;
    uint32_t blobs = 0;
  };

  /// Of the next record.
  Place Tell() const { return place_; }

  /// Decodes a record that Next() has decoded before, found by its number and its place as Tell() gave it.
  void Again(size_t number, Place place, Record& record) const;

  /// Decodes the next record over the one given; false if there is none. Throws RecordFailure.
  bool Next(Record& record);

 private:
  void Decode(Record& record);
  std::string_view NextString();
  std::span<const uint8_t> NextBytes(uint64_t size);
  void ReadDetails(Record& record, uint32_t flags);
  void ReadFile(Record& record, uint32_t flags);
  void ReadXattrs(Record& record, uint32_t count);

  size_t first_;
  size_t number_;
  size_t end_ = 0;
  const int32_t* records_ = nullptr;
  const int32_t* words_ = nullptr;  // of the next record
  std::span<const int32_t> lengths_;
  std::span<const char> strings_;
  std::span<const uint8_t> blobs_;
  Place place_;
};

}  // namespace composefs

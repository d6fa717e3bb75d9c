// Records: how a tree crosses from JavaScript. The layout is told once, at the head of src/encode.ts; the
// names here are the same. Nothing in this file trusts the bytes: every length, count and index is checked
// before it is used, so that no buffer, however hostile, can make the process read out of bounds.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cancel.h"

namespace composefs {

/// Changes with the layout, so that a stale build fails with words. RECORDS_VERSION in src/encode.ts.
constexpr int32_t kRecordsVersion = 1;

using Chunk = std::vector<uint8_t>;
using ChunkList = std::vector<Chunk>;

struct Xattr {
  const char* name;  // NUL-terminated
  std::span<const uint8_t> value;
};

/// One record, decoded: pointers go into the chunk it came from.
struct Record {
  uint32_t mode = 0;  // type and permission bits; 0: a further name of an inode (a hard link)
  uint32_t uid = 0;
  uint32_t gid = 0;
  int64_t mtime_seconds = 0;
  uint32_t mtime_nanoseconds = 0;
  uint64_t size = 0;                 // regular files
  uint32_t rdev = 0;                 // devices, as makedev(3) packs them
  uint32_t child_count = 0;          // directories
  uint32_t link_target = 0;          // hard links: the record of the inode
  std::string_view name;             // NUL-terminated
  const char* text = nullptr;        // symlink target, or a regular file's object path
  const uint8_t* content = nullptr;  // regular files: `size` bytes
  bool has_digest = false;
  uint8_t digest[32] = {};

  bool IsLink() const { return mode == 0; }
  bool IsDirectory() const;
  bool IsWhiteout() const;
};

/// Where a record's parts begin in its chunk.
struct RecordCursor {
  const int32_t* words;
  const char* strings;
  const int32_t* lengths;
  const uint8_t* blobs;
};

/// All records of a tree, reachable by their number. Reading them is split in two, so that nodes can be
/// built in another order than the records stand in: the constructor finds where each begins, At() decodes.
class Records {
 public:
  /// The chunks must outlive it.
  Records(const ChunkList& chunks, const CancelFlag& cancel);

  size_t Count() const { return cursors_.size(); }
  std::string_view NameOf(size_t record) const { return cursors_[record].strings; }
  uint32_t ModeOf(size_t record) const { return static_cast<uint32_t>(cursors_[record].words[0]); }

  /// Decodes a record; `xattrs` is overwritten. Throws RecordFailure.
  Record At(size_t record, std::vector<Xattr>& xattrs) const;

 private:
  void AddChunk(const Chunk& chunk, const CancelFlag& cancel);

  std::vector<RecordCursor> cursors_;
};

}  // namespace composefs

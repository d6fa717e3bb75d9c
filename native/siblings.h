// The children of one directory, from the first of their records to the last.
#pragma once

#include <deque>
#include <vector>

#include "records.h"

namespace composefs {

using Chunk = std::vector<uint8_t>;

/// Gathers them from the chunks that they come in, and keeps those for as long as they are read.
class Siblings {
 public:
  /// Where the record of one is. Most names differ within their first bytes, which are here as a number.
  struct Sibling {
    uint64_t beginning;
    const char* name;
    const RecordReader* reader;
    RecordReader::Place place;
    uint32_t number;
    uint32_t children;
  };

  /// The reader of the next chunk, whose first record has that number.
  RecordReader& Open(Chunk chunk, size_t first);

  /// One more, as the reader of the newest chunk has it.
  void Add(const Record& record, RecordReader::Place place, uint32_t number);

  size_t Count() const { return siblings_.size(); }

  /// All of them in the order of their names' bytes. Throws RecordFailure if two have the same.
  const std::vector<Sibling>& Sorted();

  /// Once sorted: those that have children, in the order in which these come.
  std::vector<Sibling> Parents() const;

  /// Those of the next directory are to come, the first of them in the chunk that was opened last.
  void Clear();

 private:
  /// Readers point into the bytes, and stay where they are.
  struct Source {
    Source(Chunk chunk, size_t first) : bytes(std::move(chunk)), reader(bytes, first) {}
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    Chunk bytes;
    RecordReader reader;
  };

  std::deque<Source> sources_;
  std::vector<Sibling> siblings_;
  bool are_directories_ascii_ = true;
};

}  // namespace composefs

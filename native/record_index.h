// The records of a whole tree, found again by their numbers.
#pragma once

#include <vector>

#include "cancel.h"
#include "records.h"

namespace composefs {

using Chunk = std::vector<uint8_t>;

/// Takes the chunks as they come, checks every record, and that together they are a tree: each directory has
/// the children it says, none is too deep, a hard link comes after its inode and is one that libcomposefs
/// survives. Only names are left to compare with each other.
///
/// All functions but the plain questions throw RecordFailure or Cancelled; the index is of no use after that.
class RecordIndex {
 public:
  explicit RecordIndex(const CancelFlag& cancel) : cancel_(cancel) {}

  void Add(Chunk chunk);

  /// To be called after the last chunk.
  void CheckComplete() const;

  /// Decodes a record over the one given.
  void Read(uint32_t number, Record& record);

  const char* Name(uint32_t number) const;

  /// The texts of a record's chunk, names among them, NUL-terminated: where they are until the index ends.
  std::span<const char> Texts(uint32_t number) const {
    return sources_[entries_[number].source].reader.Texts();
  }

  size_t Count() const { return entries_.size(); }
  size_t DirectoryCount() const { return directory_count_; }
  /// Regular files whose contents are elsewhere.
  size_t ExternalFileCount() const { return external_file_count_; }

  /// To be called when no record is read any more: of the chunks, only texts are left.
  void KeepTexts();

  /// The number of a directory's first child; the others follow it.
  uint32_t FirstChild(uint32_t directory) const { return entries_[directory].first_child; }

  /// True if hard links lead to it.
  bool IsLinked(uint32_t number) const { return entries_[number].is_linked; }

 private:
  /// Readers point into the bytes, which stay where they are when a source is moved.
  struct Source {
    explicit Source(Chunk chunk, size_t first) : bytes(std::move(chunk)), reader(bytes, first) {}
    Chunk bytes;
    RecordReader reader;
  };
  struct Entry {
    uint32_t source;
    RecordReader::Place place;
    uint32_t first_child;
    bool is_linked;
  };
  /// A directory that still waits for its children.
  struct Waiting {
    uint32_t directory;
    uint32_t children;
    uint32_t depth;
  };

  void Place(const Record& record);
  void CheckLink(uint32_t target);

  const CancelFlag& cancel_;
  std::vector<Source> sources_;
  std::vector<Entry> entries_;
  std::vector<Waiting> waiting_;   // a stack; the children of the last one are coming
  std::vector<Waiting> siblings_;  // of those children the directories that will wait for their own
  uint32_t siblings_to_come_ = 0;
  size_t directory_count_ = 0;
  size_t external_file_count_ = 0;
  Record record_;  // the one at hand
  Record target_;  // of the hard link at hand
};

}  // namespace composefs

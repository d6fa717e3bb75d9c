#include "record_index.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cstdint>
#include <memory>
#include <span>

#include "errors.h"

namespace composefs {
namespace {

// libcomposefs recurses: 2,048 levels take about 300 kB of stack (and are as deep as PATH_MAX lets a path
// go).
constexpr uint32_t kMaxDepth = 2048;
constexpr size_t kCheckpointInterval = 1024;

/// The whole pages of some bytes lose what is in them, and take no memory until they are used again.
void GiveBackPages(std::span<uint8_t> bytes) {
  constexpr size_t kPage = 4096;
  void* first = bytes.data();
  size_t size = bytes.size();
  if (std::align(kPage, kPage, first, size) != nullptr) madvise(first, size / kPage * kPage, MADV_DONTNEED);
}

[[noreturn]] void Fail(const char* rule, size_t record) {
  throw RecordFailure{rule, record};
}

}  // namespace

void RecordIndex::Add(Chunk chunk) {
  cancel_.Checkpoint();
  sources_.emplace_back(std::move(chunk), entries_.size());
  RecordReader& reader = sources_.back().reader;
  const auto source = static_cast<uint32_t>(sources_.size() - 1);
  for (auto place = reader.Tell(); reader.Next(record_); place = reader.Tell()) {
    if (entries_.size() % kCheckpointInterval == 0) cancel_.Checkpoint();
    if (entries_.size() >= UINT32_MAX) Fail("count", entries_.size());
    Place(record_);
    if (S_ISDIR(record_.mode)) ++directory_count_;
    if (S_ISREG(record_.mode) && record_.size > 0 && record_.content == nullptr) ++external_file_count_;
    entries_.push_back({source, place, 0, false});
  }
}

void RecordIndex::CheckComplete() const {
  if (entries_.empty()) Fail("root", 0);
  if (!waiting_.empty()) Fail("child-count", entries_.size());
}

/// The children of a directory stand together. Whose come next follows from the records before: those of the
/// directory met last that has not had its own yet, as the encoder's stack gives them back.
void RecordIndex::Place(const Record& record) {
  const auto number = static_cast<uint32_t>(entries_.size());
  if (number == 0) {
    if (!S_ISDIR(record.mode)) Fail("root", number);
    siblings_to_come_ = record.child_count;
    if (record.child_count > 0) waiting_.push_back({number, record.child_count, 1});
    return;
  }
  if (waiting_.empty()) Fail("child-count", number);
  const Waiting parent = waiting_.back();
  if (siblings_to_come_ == parent.children) entries_[parent.directory].first_child = number;
  if (record.IsLink()) CheckLink(record.link_target);
  if (S_ISDIR(record.mode)) {
    if (parent.depth >= kMaxDepth) Fail("depth", number);
    if (record.child_count > 0) siblings_.push_back({number, record.child_count, parent.depth + 1});
  }
  if (--siblings_to_come_ > 0) return;
  waiting_.pop_back();
  waiting_.insert(waiting_.end(), siblings_.begin(), siblings_.end());
  siblings_.clear();
  if (!waiting_.empty()) siblings_to_come_ = waiting_.back().children;
}

/// A hard link comes after its inode, which is no hard link itself, no directory, and no whiteout: of those,
/// libcomposefs would write an invalid image, or read freed memory.
void RecordIndex::CheckLink(uint32_t target) {
  const size_t number = entries_.size();
  if (target >= number) Fail("link", number);
  Read(target, target_);
  if (target_.IsLink() || S_ISDIR(target_.mode)) Fail("link", number);
  if (S_ISCHR(target_.mode) && target_.rdev == 0) Fail("link", number);
  entries_[target].is_linked = true;
}

void RecordIndex::Read(uint32_t number, Record& record) {
  const Entry& entry = entries_[number];
  sources_[entry.source].reader.Again(number, entry.place, record);
}

void RecordIndex::KeepTexts() {
  entries_ = {};
  for (Source& source : sources_) {
    const std::span<const char> texts = source.reader.Texts();
    const std::span<uint8_t> bytes(source.bytes);
    const auto before = static_cast<size_t>(reinterpret_cast<const uint8_t*>(texts.data()) - bytes.data());
    GiveBackPages(bytes.first(before));
    GiveBackPages(bytes.subspan(before + texts.size()));
  }
}

const char* RecordIndex::Name(uint32_t number) const {
  const Entry& entry = entries_[number];
  return sources_[entry.source].reader.NameAt(entry.place);
}

}  // namespace composefs

#include "siblings.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string_view>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "errors.h"

namespace composefs {
namespace {

/// More than these have some megabytes.
constexpr size_t kManyChunks = 64;

/// The first eight bytes of a name, or all of it, as a number in the order of names.
uint64_t Beginning(const char* name) {
  uint64_t beginning = 0;
  for (int shift = 56; shift >= 0 && *name != '\0'; shift -= 8)
    beginning |= uint64_t{static_cast<uint8_t>(*name++)} << shift;
  return beginning;
}

bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char unit) { return static_cast<uint8_t>(unit) < 0x80; });
}

bool IsBefore(const Siblings::Sibling& a, const Siblings::Sibling& b) {
  return a.beginning != b.beginning ? a.beginning < b.beginning : std::strcmp(a.name, b.name) < 0;
}

bool IsNotBefore(const Siblings::Sibling& a, const Siblings::Sibling& b) {
  return !IsBefore(a, b);
}

}  // namespace

RecordReader& Siblings::Open(Chunk chunk, size_t first) {
  if (siblings_.empty()) sources_.clear();
  return sources_.emplace_back(std::move(chunk), first).reader;
}

void Siblings::Add(const Record& record, RecordReader::Place place, uint32_t number) {
  if (S_ISDIR(record.mode) && !IsAscii(record.name)) are_directories_ascii_ = false;
  siblings_.push_back(
      {Beginning(record.name), record.name, &sources_.back().reader, place, number, record.child_count});
}

const std::vector<Siblings::Sibling>& Siblings::Sorted() {
  if (std::ranges::adjacent_find(siblings_, IsNotBefore) == siblings_.end()) return siblings_;
  std::ranges::sort(siblings_, IsBefore);
  const auto twin = std::ranges::adjacent_find(siblings_, IsNotBefore);
  if (twin != siblings_.end()) throw RecordFailure{"name-duplicate", twin->number};
  return siblings_;
}

/// The encoder sorts directories by the units of their names, which in ASCII are the bytes; others it leaves
/// as they came.
std::vector<Siblings::Sibling> Siblings::Parents() const {
  std::vector<Sibling> parents;
  std::ranges::copy_if(siblings_, std::back_inserter(parents),
                       [](const Sibling& s) { return s.children > 0; });
  if (!are_directories_ascii_) std::ranges::sort(parents, {}, &Sibling::number);
  return parents;
}

void Siblings::Clear() {
  siblings_.clear();
  are_directories_ascii_ = true;
  const bool were_many = sources_.size() > kManyChunks;
  while (sources_.size() > 1) sources_.pop_front();
#ifdef __GLIBC__
  // Its heap would keep what others stand above, at the peak of what writing takes.
  if (were_many) malloc_trim(0);
#else
  static_cast<void>(were_many);
#endif
}

}  // namespace composefs

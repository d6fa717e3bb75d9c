#include "records.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstring>
#include <limits>
#include <string_view>

#include "errors.h"
#include "lcfs.h"

namespace composefs {
namespace {

constexpr int32_t kMagic = 0x52534643;  // "CFSR"

enum HeaderWord {
  kHeaderMagic,
  kHeaderVersion,
  kRecordCount,
  kLengthCount,
  kStringBytes,
  kBlobBytes,
  kHeaderWords
};
enum Word { kMode, kUid, kGid, kMtimeLow, kMtimeMiddle, kMtimeHigh, kFirst, kSecond, kExtra, kRecordWords };

constexpr uint32_t kXattrCountMask = 0xffff;
constexpr uint32_t kHasPath = 1u << 16;
constexpr uint32_t kHasDigest = 1u << 17;
constexpr uint32_t kHasContent = 1u << 18;

constexpr uint64_t kMaxSize = uint64_t{1} << 53;  // libcomposefs: 1,024 chunks of 2^43 bytes
constexpr uint32_t kMaxMajor = 1u << 12;
constexpr uint32_t kMaxMinor = 1u << 20;

[[noreturn]] void Fail(const char* rule, size_t record) {
  throw RecordFailure{rule, record};
}

uint32_t Unsigned(int32_t word) {
  return static_cast<uint32_t>(word);
}

uint64_t Wide(const int32_t* words) {
  return uint64_t{Unsigned(words[1])} << 32 | Unsigned(words[0]);
}

int HexDigit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

bool ParseDigest(std::string_view hex, uint8_t* digest) {
  if (hex.size() != 64) return false;
  for (size_t i = 0; i < 32; ++i) {
    const int high = HexDigit(hex[2 * i]);
    const int low = HexDigit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    digest[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

/// 96 bits of nanoseconds since 1970, in two's complement, become seconds and the nanoseconds after them.
void ParseMtime(const int32_t* words, size_t number, Record& record) {
  constexpr int64_t kNanoseconds = 1'000'000'000;
  const uint64_t low = Wide(words + kMtimeLow);
  if (words[kMtimeHigh] == 0 && low <= INT64_MAX) {  // from 1970 to 2262, as nearly all are
    record.mtime_seconds = static_cast<int64_t>(low / kNanoseconds);
    record.mtime_nanoseconds = static_cast<uint32_t>(low % kNanoseconds);
    return;
  }
  const __int128 time = static_cast<__int128>(words[kMtimeHigh]) * (static_cast<__int128>(1) << 64) + low;
  __int128 seconds = time / kNanoseconds;
  __int128 rest = time % kNanoseconds;
  if (rest < 0) {
    rest += kNanoseconds;
    --seconds;
  }
  if (seconds < std::numeric_limits<int64_t>::min() || seconds > std::numeric_limits<int64_t>::max())
    Fail("mtime", number);
  record.mtime_seconds = static_cast<int64_t>(seconds);
  record.mtime_nanoseconds = static_cast<uint32_t>(rest);
}

void CheckName(std::string_view name, size_t number) {
  const bool is_root = number == 0;
  if (is_root != name.empty()) Fail("name-empty", number);
  if (name.size() > 255) Fail("name-length", number);
  if (name == "." || name == "..") Fail("name-dot", number);
  if (name.find('/') != std::string_view::npos) Fail("name-slash", number);
}

void CheckMode(uint32_t mode, size_t number) {
  switch (mode & S_IFMT) {
    case S_IFREG:
    case S_IFDIR:
    case S_IFLNK:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
      break;
    default:
      Fail("type", number);
  }
  if ((mode & ~(S_IFMT | 07777u)) != 0) Fail("mode", number);
}

uint32_t ParseDevice(const int32_t* words, size_t number) {
  const uint32_t major = Unsigned(words[kFirst]);
  const uint32_t minor = Unsigned(words[kSecond]);
  if (major >= kMaxMajor || minor >= kMaxMinor) Fail("rdev", number);
  return static_cast<uint32_t>(makedev(major, minor));
}

}  // namespace

void Record::Clear() {
  uid = gid = mtime_nanoseconds = rdev = child_count = link_target = 0;
  mtime_seconds = 0;
  size = 0;
  text = nullptr;
  content = nullptr;
  has_digest = false;
  xattrs.clear();
}

RecordReader::RecordReader(std::span<const uint8_t> chunk, size_t first) : first_(first), number_(first) {
  if (chunk.size() < kHeaderWords * sizeof(int32_t)) Fail("header", first);
  if (reinterpret_cast<uintptr_t>(chunk.data()) % alignof(int32_t) != 0) Fail("header", first);
  const auto* header = reinterpret_cast<const int32_t*>(chunk.data());
  if (header[kHeaderMagic] != kMagic || header[kHeaderVersion] != kRecordsVersion) Fail("version", first);

  // In 64 bits: none of these sums and products can wrap.
  const uint64_t records = Unsigned(header[kRecordCount]);
  const uint64_t lengths = Unsigned(header[kLengthCount]);
  const uint64_t strings = Unsigned(header[kStringBytes]);
  const uint64_t blobs = Unsigned(header[kBlobBytes]);
  const uint64_t words = kHeaderWords + records * kRecordWords + lengths;
  if (words * sizeof(int32_t) + strings + blobs != chunk.size()) Fail("header", first);

  end_ = first + records;
  records_ = words_ = header + kHeaderWords;
  lengths_ = {words_ + records * kRecordWords, lengths};
  strings_ = {reinterpret_cast<const char*>(lengths_.data() + lengths), strings};
  blobs_ = {reinterpret_cast<const uint8_t*>(strings_.data() + strings), blobs};
}

void RecordReader::Again(size_t number, Place place, Record& record) const {
  RecordReader reader = *this;
  reader.number_ = number;
  reader.words_ = records_ + (number - first_) * kRecordWords;
  reader.place_ = place;
  record.Clear();
  record.name = reader.NextString().data();
  reader.Decode(record);
}

bool RecordReader::Next(Record& record) {
  if (number_ == end_) {
    const bool is_all = place_.lengths == lengths_.size() && place_.strings == strings_.size() &&
                        place_.blobs == blobs_.size();
    if (!is_all) Fail("leftover", number_);
    return false;
  }
  record.Clear();
  const std::string_view name = NextString();
  CheckName(name, number_);
  record.name = name.data();
  Decode(record);
  words_ += kRecordWords;
  ++number_;
  return true;
}

/// All but the name, which comes before.
void RecordReader::Decode(Record& record) {
  const uint32_t extra = Unsigned(words_[kExtra]);
  record.mode = Unsigned(words_[kMode]);
  if (record.IsLink()) {
    record.link_target = Unsigned(words_[kFirst]);
    if (extra != 0) Fail("link", number_);
  } else {
    CheckMode(record.mode, number_);
    record.uid = Unsigned(words_[kUid]);
    record.gid = Unsigned(words_[kGid]);
    ParseMtime(words_, number_, record);
    ReadDetails(record, extra & ~kXattrCountMask);
    ReadXattrs(record, extra & kXattrCountMask);
  }
}

std::string_view RecordReader::NextString() {
  const auto rest = strings_.subspan(place_.strings);
  const void* terminator = rest.empty() ? nullptr : std::memchr(rest.data(), 0, rest.size());
  if (terminator == nullptr) Fail("strings", number_);
  const auto size = static_cast<size_t>(static_cast<const char*>(terminator) - rest.data());
  place_.strings += static_cast<uint32_t>(size + 1);
  return {rest.data(), size};
}

std::span<const uint8_t> RecordReader::NextBytes(uint64_t size) {
  const std::span<const uint8_t> rest = blobs_.subspan(place_.blobs);
  if (size > rest.size()) Fail("blobs", number_);
  place_.blobs += static_cast<uint32_t>(size);
  return rest.first(size);
}

void RecordReader::ReadDetails(Record& record, uint32_t flags) {
  if (S_ISREG(record.mode)) return ReadFile(record, flags);
  if (flags != 0) Fail("flags", number_);
  if (S_ISDIR(record.mode)) record.child_count = Unsigned(words_[kFirst]);
  if (S_ISCHR(record.mode) || S_ISBLK(record.mode)) record.rdev = ParseDevice(words_, number_);
  if (S_ISLNK(record.mode)) {
    record.text = NextString().data();
    if (*record.text == '\0') Fail("symlink-target", number_);
  }
}

void RecordReader::ReadFile(Record& record, uint32_t flags) {
  if ((flags & ~(kHasPath | kHasDigest | kHasContent)) != 0) Fail("flags", number_);
  record.size = Wide(words_ + kFirst);
  if (record.size > kMaxSize) Fail("size", number_);
  if (flags & kHasPath) record.text = NextString().data();
  record.has_digest = (flags & kHasDigest) != 0;
  if (record.has_digest && !ParseDigest(NextString(), record.digest)) Fail("digest", number_);
  if (flags & kHasContent) {
    if (record.size == 0 || record.size > LCFS_INLINE_CONTENT_MAX) Fail("content-size", number_);
    record.content = NextBytes(record.size).data();
  }
}

void RecordReader::ReadXattrs(Record& record, uint32_t count) {
  const std::span<const int32_t> lengths = lengths_.subspan(place_.lengths);
  if (count > lengths.size()) Fail("lengths", number_);
  for (uint32_t i = 0; i < count; ++i) {
    const char* name = NextString().data();
    record.xattrs.push_back({name, NextBytes(Unsigned(lengths[i]))});
  }
  place_.lengths += count;
}

}  // namespace composefs

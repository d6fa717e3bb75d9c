#include "records.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstring>
#include <limits>

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
constexpr size_t kMaxContent = LCFS_INLINE_CONTENT_MAX;
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

bool IsSymlink(uint32_t mode) {
  return S_ISLNK(mode);
}

uint32_t StringCount(const int32_t* words) {
  const uint32_t extra = Unsigned(words[kExtra]);
  uint32_t count = 1 + (extra & kXattrCountMask);
  if (IsSymlink(Unsigned(words[kMode])) || (extra & kHasPath)) ++count;
  if (extra & kHasDigest) ++count;
  return count;
}

/// Moves over `count` NUL-terminated strings; nullptr if there are not that many.
const char* SkipStrings(const char* at, const char* end, uint32_t count) {
  for (; count > 0; --count) {
    const auto* terminator = static_cast<const char*>(std::memchr(at, 0, static_cast<size_t>(end - at)));
    if (terminator == nullptr) return nullptr;
    at = terminator + 1;
  }
  return at;
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
  constexpr __int128 kSecond = 1'000'000'000;
  const __int128 time = static_cast<__int128>(words[kMtimeHigh]) << 64 | Wide(words + kMtimeLow);
  __int128 seconds = time / kSecond;
  __int128 rest = time % kSecond;
  if (rest < 0) {
    rest += kSecond;
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

void ParseDevice(const int32_t* words, size_t number, Record& record) {
  const uint32_t major = Unsigned(words[kFirst]);
  const uint32_t minor = Unsigned(words[kSecond]);
  if (major >= kMaxMajor || minor >= kMaxMinor) Fail("rdev", number);
  record.rdev = static_cast<uint32_t>(makedev(major, minor));
}

}  // namespace

bool Record::IsDirectory() const {
  return S_ISDIR(mode);
}

bool Record::IsWhiteout() const {
  return S_ISCHR(mode) && rdev == 0;
}

Records::Records(const ChunkList& chunks, const CancelFlag& cancel) {
  size_t count = 0;
  for (const Chunk& chunk : chunks) count += chunk.size() / (kRecordWords * sizeof(int32_t));
  cursors_.reserve(count);
  for (const Chunk& chunk : chunks) AddChunk(chunk, cancel);
  if (cursors_.empty()) Fail("root", 0);
}

void Records::AddChunk(const Chunk& chunk, const CancelFlag& cancel) {
  cancel.Checkpoint();
  const size_t first = cursors_.size();
  const auto* header = reinterpret_cast<const int32_t*>(chunk.data());
  if (chunk.size() < kHeaderWords * sizeof(int32_t)) Fail("header", first);
  if (header[kHeaderMagic] != kMagic || header[kHeaderVersion] != kRecordsVersion) Fail("version", first);

  // In 64 bits: none of these sums of products can wrap.
  const uint64_t records = Unsigned(header[kRecordCount]);
  const uint64_t lengths = Unsigned(header[kLengthCount]);
  const uint64_t strings = Unsigned(header[kStringBytes]);
  const uint64_t blobs = Unsigned(header[kBlobBytes]);
  const uint64_t words = kHeaderWords + records * kRecordWords + lengths;
  if (words * sizeof(int32_t) + strings + blobs != chunk.size()) Fail("header", first);

  RecordCursor cursor;
  cursor.words = header + kHeaderWords;
  cursor.lengths = cursor.words + records * kRecordWords;
  const int32_t* const lengths_end = cursor.lengths + lengths;
  cursor.strings = reinterpret_cast<const char*>(lengths_end);
  const char* const strings_end = cursor.strings + strings;
  cursor.blobs = reinterpret_cast<const uint8_t*>(strings_end);
  const uint8_t* const blobs_end = cursor.blobs + blobs;

  for (uint64_t i = 0; i < records; ++i) {
    const size_t number = cursors_.size();
    cursors_.push_back(cursor);
    cursor.strings = SkipStrings(cursor.strings, strings_end, StringCount(cursor.words));
    if (cursor.strings == nullptr) Fail("strings", number);
    const uint32_t extra = Unsigned(cursor.words[kExtra]);
    uint64_t bytes = (extra & kHasContent) ? Wide(cursor.words + kFirst) : 0;
    if (bytes > kMaxContent) Fail("content-size", number);
    const uint32_t xattrs = extra & kXattrCountMask;
    if (xattrs > static_cast<size_t>(lengths_end - cursor.lengths)) Fail("lengths", number);
    for (uint32_t k = 0; k < xattrs; ++k) bytes += Unsigned(cursor.lengths[k]);
    if (bytes > static_cast<size_t>(blobs_end - cursor.blobs)) Fail("blobs", number);
    cursor.lengths += xattrs;
    cursor.blobs += bytes;
    cursor.words += kRecordWords;
  }
  if (cursor.strings != strings_end || cursor.lengths != lengths_end || cursor.blobs != blobs_end)
    Fail("leftover", cursors_.size());
}

Record Records::At(size_t number, std::vector<Xattr>& xattrs) const {
  const RecordCursor& cursor = cursors_[number];
  const int32_t* words = cursor.words;
  const uint32_t extra = Unsigned(words[kExtra]);
  Record record;
  record.name = cursor.strings;
  CheckName(record.name, number);
  xattrs.clear();
  record.mode = Unsigned(words[kMode]);
  if (record.IsLink()) {
    record.link_target = Unsigned(words[kFirst]);
    if (extra != 0) Fail("link", number);
    return record;
  }
  CheckMode(record.mode, number);
  record.uid = Unsigned(words[kUid]);
  record.gid = Unsigned(words[kGid]);
  ParseMtime(words, number, record);

  const char* string = record.name.data() + record.name.size() + 1;
  const auto next_string = [&string] {
    const char* found = string;
    string += std::strlen(found) + 1;
    return found;
  };
  const uint8_t* blob = cursor.blobs;
  if (!S_ISREG(record.mode) && (extra & (kHasPath | kHasDigest | kHasContent))) Fail("flags", number);
  if (S_ISDIR(record.mode)) {
    record.child_count = Unsigned(words[kFirst]);
  } else if (S_ISCHR(record.mode) || S_ISBLK(record.mode)) {
    ParseDevice(words, number, record);
  } else if (S_ISREG(record.mode)) {
    record.size = Wide(words + kFirst);
    if (record.size > kMaxSize) Fail("size", number);
    if (extra & kHasPath) record.text = next_string();
    if (extra & kHasContent) {
      record.content = blob;
      blob += record.size;
    }
    record.has_digest = (extra & kHasDigest) != 0;
    if (record.has_digest && !ParseDigest(next_string(), record.digest)) Fail("digest", number);
  } else if (S_ISLNK(record.mode)) {
    record.text = next_string();
    if (*record.text == '\0') Fail("symlink-target", number);
  }
  for (uint32_t k = 0; k < (extra & kXattrCountMask); ++k) {
    const size_t length = Unsigned(cursor.lengths[k]);
    xattrs.push_back({next_string(), {blob, length}});
    blob += length;
  }
  return record;
}

}  // namespace composefs

#include "hash_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <thread>
#include <vector>

#include "temporary_folder.h"

namespace composefs {
namespace {

constexpr size_t kMiB = 1 << 20;

std::vector<uint8_t> SomeBytes(size_t size) {
  std::vector<uint8_t> bytes(size);
  for (size_t at = 0; at < size; at += 1000) bytes[at] = static_cast<uint8_t>(at / 1000 % 251);
  return bytes;
}

FileName Write(const std::string& path, const std::vector<uint8_t>& bytes) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  FileName name;
  name.path = path;
  return name;
}

std::vector<uint8_t> DigestOf(std::span<const uint8_t> bytes, HashAlgorithm algorithm) {
  VerityHasher hasher(algorithm);
  hasher.Update(bytes);
  return hasher.FinishBytes();
}

void ExpectDigestOf(const SourceFile& file, std::span<const uint8_t> bytes, HashAlgorithm algorithm) {
  VerityHasher hasher(algorithm);
  EXPECT_EQ(HashFile(file, hasher, CancelFlag()), bytes.size());
  EXPECT_EQ(hasher.FinishBytes(), DigestOf(bytes, algorithm));
}

TEST(HashFile, ByManyThreadsIsAsByOne) {
  const TemporaryFolder folder;
  const auto bytes = SomeBytes(65 * kMiB + 4097);  // a round, a part of one, a block that ends early
  const FileName name = Write(folder / "file", bytes);
  for (const auto algorithm : {HashAlgorithm::kSha256, HashAlgorithm::kSha512})
    ExpectDigestOf(SourceFile(name, {}), bytes, algorithm);
}

TEST(HashFile, ManyFilesAtOnce) {
  const TemporaryFolder folder;
  const auto bytes = SomeBytes(9 * kMiB);
  const FileName name = Write(folder / "file", bytes);
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { ExpectDigestOf(SourceFile(name, {}), bytes, HashAlgorithm::kSha256); });
  for (std::thread& thread : threads) thread.join();
}

TEST(HashFile, OneThatBecameShorterIsWhatIsThere) {
  const TemporaryFolder folder;
  const auto bytes = SomeBytes(70 * kMiB);
  for (const size_t size : {69 * kMiB + 1, 9 * kMiB, size_t{0}}) {
    const FileName name = Write(folder / "file", bytes);
    const SourceFile file(name, {});
    ASSERT_EQ(truncate(name.path->c_str(), static_cast<off_t>(size)), 0);
    ExpectDigestOf(file, std::span(bytes).first(size), HashAlgorithm::kSha256);
    EXPECT_THROW(file.CheckUnchanged(size), RuleFailure);
  }
}

TEST(HashFile, StopsWhenItIsTo) {
  const TemporaryFolder folder;
  const FileName name = Write(folder / "file", SomeBytes(9 * kMiB));
  CancelFlag cancel;
  cancel.Set();
  VerityHasher hasher;
  EXPECT_THROW(HashFile(SourceFile(name, {}), hasher, cancel), Cancelled);
}

}  // namespace
}  // namespace composefs

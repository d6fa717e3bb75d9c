#include <gtest/gtest.h>

#include <cstring>
#include <set>
#include <string>
#include <vector>

#if COMPOSEFS_TUNED

// As libcomposefs declares them.
extern "C" {
struct hash_table;
hash_table* hash_initialize(size_t expected, const void* tuning, size_t (*hasher)(const void*, size_t),
                            bool (*comparator)(const void*, const void*), void (*freer)(void*));
void* hash_lookup(hash_table* table, const void* entry);
void* hash_insert(hash_table* table, const void* entry);
int hash_insert_if_absent(hash_table* table, const void* entry, const void** matched);
size_t hash_get_n_entries(const hash_table* table);
size_t hash_get_entries(hash_table* table, void** buffer, size_t size);
void hash_free(hash_table* table);
size_t hash_string(const char* text, size_t buckets);
}

namespace {

size_t freed = 0;

size_t Hash(const void* text, size_t buckets) {
  return hash_string(static_cast<const char*>(text), buckets) % buckets;
}

/// All of them meet in few slots.
size_t PoorHash(const void* text, size_t) {
  return std::strlen(static_cast<const char*>(text));
}

bool Same(const void* a, const void* b) {
  return std::strcmp(static_cast<const char*>(a), static_cast<const char*>(b)) == 0;
}

void CountFreed(void*) {
  ++freed;
}

class XattrTable : public testing::TestWithParam<size_t (*)(const void*, size_t)> {};

TEST_P(XattrTable, FindsWhatWasInsertedAndNamesWhatWasFoundAgain) {
  std::vector<std::string> texts;
  for (int i = 0; i < 3000; ++i) texts.push_back("user.name-" + std::to_string(i));
  hash_table* table = hash_initialize(1, nullptr, GetParam(), Same, CountFreed);
  ASSERT_NE(table, nullptr);
  for (const std::string& text : texts) {
    EXPECT_EQ(hash_lookup(table, text.c_str()), nullptr);
    EXPECT_EQ(hash_insert(table, text.c_str()), text.c_str());
  }
  EXPECT_EQ(hash_get_n_entries(table), 0u);
  std::set<void*> again;
  for (size_t i = 0; i < texts.size(); i += 7)
    again.insert(hash_lookup(table, std::string(texts[i]).c_str()));
  EXPECT_EQ(again.count(nullptr), 0u);

  EXPECT_EQ(hash_get_n_entries(table), again.size());
  std::vector<void*> entries(texts.size());
  entries.resize(hash_get_entries(table, entries.data(), entries.size()));
  EXPECT_EQ(std::set<void*>(entries.begin(), entries.end()), again);

  for (size_t i = 0; i < texts.size(); ++i) {
    const auto* found = static_cast<const char*>(hash_lookup(table, texts[i].c_str()));
    ASSERT_NE(found, nullptr);
    if (again.contains(texts[i].data())) {
      ASSERT_EQ(found, texts[i]);
    } else {
      ASSERT_EQ(std::string(found, 24), std::string(24, '\0'))
          << "of one that is not shared all fields are 0";
    }
  }

  freed = 0;
  hash_free(table);
  EXPECT_EQ(freed, texts.size());
}

INSTANTIATE_TEST_SUITE_P(Hashes, XattrTable, testing::Values(Hash, PoorHash));

TEST(XattrTable, AnEqualEntryIsNotInsertedAgain) {
  hash_table* table = hash_initialize(0, nullptr, Hash, Same, nullptr);
  const std::string first = "a";
  const std::string twin = "a";
  const void* matched = nullptr;
  EXPECT_EQ(hash_insert_if_absent(table, first.c_str(), &matched), 1);
  EXPECT_EQ(hash_insert_if_absent(table, twin.c_str(), &matched), 0);
  EXPECT_EQ(matched, first.c_str());
  EXPECT_EQ(hash_insert(table, twin.c_str()), first.c_str());
  hash_free(table);
}

TEST(XattrTable, WhatIsInsertedNeedNotBeWhatWasLookedForLast) {
  hash_table* table = hash_initialize(0, nullptr, Hash, Same, CountFreed);
  const std::string texts[] = {"security.a", "trusted.a", "user.abcd"};
  for (const std::string& text : texts) EXPECT_EQ(hash_lookup(table, text.c_str()), nullptr);
  for (const std::string& text : texts) EXPECT_EQ(hash_insert(table, text.c_str()), text.c_str());
  for (const std::string& text : texts) EXPECT_EQ(hash_lookup(table, text.c_str()), text.c_str());
  hash_free(table);
}

TEST(XattrTable, HashesOfTextsThatAreLikeEachOtherDiffer) {
  std::set<size_t> hashes;
  for (int i = 0; i < 10000; ++i) hashes.insert(hash_string(std::to_string(i).c_str(), SIZE_MAX));
  for (const char* text : {"", "1234567", "12345678", "123456789", "1234567812345678"})
    hashes.insert(hash_string(text, SIZE_MAX));
  EXPECT_EQ(hashes.size(), 10005u);
}

TEST(XattrTable, TextsCannotBeChosenSoThatTheirHashesAreEqual) {
  std::set<size_t> hashes;
  for (int i = 0; i < 1000; ++i) {
    // What would make a product zero, if the numbers that words are mixed with were known.
    std::string text = std::to_string(10'000'000 + i);
    for (const uint64_t word : {0xd6e8feb86659fd93U, 0xa0761d6478bd642fU})
      text.append(reinterpret_cast<const char*>(&word), sizeof word);
    hashes.insert(hash_string(text.c_str(), SIZE_MAX));
  }
  EXPECT_EQ(hashes.size(), 1000u);
}

}  // namespace

#endif

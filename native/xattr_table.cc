// The table in which libcomposefs counts equal xattrs while it writes an image; only in the tuned link.
//
// The functions have the names and the contract of the table that comes with libcomposefs.a, which is then
// not linked. That one divides for each byte of a key and follows a list for each lookup, and each xattr of a
// tree is looked up two or three times: a fifth of the time of writing. In two points this table says less:
//
// - Of the entries it names only those that were found again after they were inserted. Nothing is shared that
//   occurs once, so the library sorts, by text, a few hundred xattrs instead of all of them.
// - Once it has named them, a lookup finds only those, in a table of their own that stays in the processor's
//   cache, and for all others one entry that is not shared, which is what the library asks for then.
#include "arena.h"

#if COMPOSEFS_TUNED

#include <sys/auxv.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

using composefs::Arena;
using composefs::ArenaScope;

constexpr size_t kFirstCapacity = 1 << 10;
constexpr size_t kFirstNamed = 1 << 6;
constexpr uint64_t kFoundAgain = 1;  // in place of the lowest bit of a hash

struct Slot {
  uint64_t hash;
  void* entry;  // nullptr: free
};

uint64_t Mix(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

uint64_t Word(const char* bytes, size_t length) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, length < sizeof(word) ? length : sizeof(word));
  return word;
}

/// Random numbers of this process: the bytes come out of layers, and nobody outside may choose them so that
/// their hashes are equal. Names and values have their own, since the library takes the one xor the other.
struct Secrets {
  Secrets() {
    uint64_t random[2] = {};
    if (const unsigned long at = getauxval(AT_RANDOM))
      std::memcpy(random, reinterpret_cast<void*>(at), sizeof random);
    for (size_t i = 0; i < 4; ++i)
      words[i] = Mix(random[0] ^ (i + 1) * 0x9e3779b97f4a7c15, random[1] ^ 0xd6e8feb86659fd93);
  }
  uint64_t words[4];
};
const Secrets kSecrets;

uint64_t HashBytes(const char* bytes, size_t length, const uint64_t* secrets) {
  constexpr size_t kWord = sizeof(uint64_t);
  uint64_t hash = length ^ secrets[0];
  for (; length > 2 * kWord; bytes += 2 * kWord, length -= 2 * kWord)
    hash = Mix(hash ^ Word(bytes, kWord), Word(bytes + kWord, kWord) ^ secrets[1]);
  if (length <= kWord) return Mix(hash ^ Word(bytes, length), secrets[1]);
  // The last two words may overlap: the length is in the hash.
  return Mix(hash ^ Word(bytes, kWord), Word(bytes + length - kWord, kWord) ^ secrets[1]);
}

/// The last lookup that found nothing, until something is inserted: mostly what was looked for.
struct Miss {
  const void* identity;  // nullptr: there is none
  uint64_t hash;
  Slot* slot;
};

/// No table finds it: not to be changed, and not shared.
constexpr uint64_t kUnshared[4] = {};

}  // namespace

extern "C" {

using Hasher = size_t (*)(const void* entry, size_t buckets);
using Comparator = bool (*)(const void* a, const void* b);
using Freer = void (*)(void* entry);

struct hash_table {
  Slot* slots;
  size_t capacity;  // a power of two
  size_t used;
  size_t found_again;
  Hasher hasher;
  Comparator comparator;
  Freer freer;
  hash_table* named;  // those that were found again, once they were named
  Miss miss;
};

}  // extern "C"

namespace {

uint64_t HashOf(const hash_table* table, const void* entry) {
  return table->hasher(entry, SIZE_MAX) & ~kFoundAgain;
}

/// The slot of an entry that is equal, or the free one that it would take.
Slot* Find(const hash_table* table, const void* entry, uint64_t hash) {
  for (size_t at = Mix(hash, 0x9e3779b97f4a7c15);; ++at) {
    Slot* slot = &table->slots[at & (table->capacity - 1)];
    if (slot->entry == nullptr) return slot;
    if ((slot->hash & ~kFoundAgain) == hash && table->comparator(entry, slot->entry)) return slot;
  }
}

bool Grow(hash_table* table) {
  hash_table larger = *table;
  larger.capacity *= 2;
  larger.slots = static_cast<Slot*>(calloc(larger.capacity, sizeof(Slot)));
  if (larger.slots == nullptr) return false;
  for (size_t i = 0; i < table->capacity; ++i) {
    const Slot& slot = table->slots[i];
    if (slot.entry == nullptr) continue;
    size_t at = Mix(slot.hash & ~kFoundAgain, 0x9e3779b97f4a7c15);
    while (larger.slots[at & (larger.capacity - 1)].entry != nullptr) ++at;
    larger.slots[at & (larger.capacity - 1)] = slot;
  }
  larger.miss = {};
  free(table->slots);
  *table = larger;
  return true;
}

void Put(hash_table* table, Slot* slot, const void* entry, uint64_t hash) {
  *slot = {hash, const_cast<void*>(entry)};
  ++table->used;
  table->miss = {};
}

/// What is known of an entry without its hash: the library's own kinds of them begin with that. The texts of
/// others, which nobody frees, may be shorter.
const void* IdentityOf(const hash_table* table, const void* entry) {
  const void* identity = nullptr;
  if (table->freer != nullptr) std::memcpy(&identity, entry, sizeof(identity));
  return identity;
}

hash_table* NewTable(size_t capacity, Hasher hasher, Comparator comparator, Freer freer) {
  auto* table = static_cast<hash_table*>(calloc(1, sizeof(hash_table)));
  if (table == nullptr) return nullptr;
  *table = {static_cast<Slot*>(calloc(capacity, sizeof(Slot))),
            capacity,
            0,
            0,
            hasher,
            comparator,
            freer,
            nullptr,
            {}};
  if (table->slots != nullptr) return table;
  free(table);
  return nullptr;
}

/// Without memory for it all are found where they were, which takes longer.
void MakeNamed(hash_table* table) {
  size_t capacity = kFirstNamed;
  while (capacity < table->found_again * 2) capacity *= 2;
  table->named = NewTable(capacity, table->hasher, table->comparator, nullptr);
  if (table->named == nullptr) return;
  for (size_t i = 0; i < table->capacity; ++i) {
    const auto& [hash, entry] = table->slots[i];
    if (hash & kFoundAgain) Put(table->named, Find(table->named, entry, hash & ~kFoundAgain), entry, hash);
  }
}

}  // namespace

// What libcomposefs calls. Out of memory is a null pointer.
extern "C" {

size_t hash_string(const char* text, size_t) {
  return HashBytes(text, std::strlen(text), &kSecrets.words[0]);
}

size_t __wrap_hash_memory(const char* bytes, size_t length, size_t) {
  return HashBytes(bytes, length, &kSecrets.words[2]);
}

hash_table* hash_initialize(size_t expected, const void*, Hasher hasher, Comparator comparator, Freer freer) {
  // The library says how many inodes there are. A table that grows is there twice meanwhile.
  if (const Arena* arena = ArenaScope::Current()) expected = arena->ExpectedXattrs() * 2;
  size_t capacity = kFirstCapacity;
  while (capacity < expected) capacity *= 2;
  return NewTable(capacity, hasher, comparator, freer);
}

void* hash_lookup(hash_table* table, const void* entry) {
  const uint64_t hash = HashOf(table, entry);
  if (table->named != nullptr) {
    void* found = Find(table->named, entry, hash)->entry;
    return found != nullptr ? found : const_cast<uint64_t*>(kUnshared);
  }
  Slot* slot = Find(table, entry, hash);
  if (slot->entry == nullptr) {
    table->miss = {IdentityOf(table, entry), hash, slot};
    return nullptr;
  }
  if ((slot->hash & kFoundAgain) == 0) {
    slot->hash |= kFoundAgain;
    ++table->found_again;
  }
  return slot->entry;
}

/// 1 if the entry is inserted, 0 if an equal one is there already, -1 if there is no memory.
int hash_insert_if_absent(hash_table* table, const void* entry, const void** matched) {
  if (table->used * 2 >= table->capacity && !Grow(table)) return -1;
  const uint64_t hash = HashOf(table, entry);
  Slot* slot = Find(table, entry, hash);
  if (slot->entry != nullptr) {
    if (matched != nullptr) *matched = slot->entry;
    return 0;
  }
  Put(table, slot, entry, hash);
  return 1;
}

void* hash_insert(hash_table* table, const void* entry) {
  const Miss miss = table->miss;
  const bool is_missed = miss.identity != nullptr && miss.identity == IdentityOf(table, entry);
  if (is_missed && table->used * 2 < table->capacity) {
    Put(table, miss.slot, entry, miss.hash);
    return const_cast<void*>(entry);
  }
  const void* matched = entry;
  return hash_insert_if_absent(table, entry, &matched) < 0 ? nullptr : const_cast<void*>(matched);
}

size_t hash_get_n_entries(const hash_table* table) {
  return table->found_again;
}

size_t hash_get_entries(hash_table* table, void** buffer, size_t size) {
  size_t count = 0;
  for (size_t i = 0; i < table->capacity && count < size; ++i)
    if (table->slots[i].hash & kFoundAgain) buffer[count++] = table->slots[i].entry;
  if (table->named == nullptr) MakeNamed(table);
  return count;
}

void hash_free(hash_table* table) {
  if (table->freer != nullptr)
    for (size_t i = 0; i < table->capacity; ++i)
      if (table->slots[i].entry != nullptr) table->freer(table->slots[i].entry);
  if (table->named != nullptr) hash_free(table->named);
  free(table->slots);
  free(table);
}

}  // extern "C"

#endif

// Blocks of memory of one size, used again: new memory costs a page fault for each 4,096 bytes.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

namespace composefs {

/// May be used from any thread. Lives as long as one of its blocks does.
class BlockPool : public std::enable_shared_from_this<BlockPool> {
 public:
  struct Return {
    std::shared_ptr<BlockPool> pool;
    void operator()(uint8_t* block) const { pool->Put(block); }
  };
  using Block = std::unique_ptr<uint8_t, Return>;

  /// Keeps at most `most_idle` blocks that nobody uses.
  BlockPool(size_t block_size, size_t most_idle) : block_size_(block_size), most_idle_(most_idle) {
    idle_.reserve(most_idle);
  }
  ~BlockPool() {
    for (uint8_t* block : idle_) free(block);
  }
  BlockPool(const BlockPool&) = delete;
  BlockPool& operator=(const BlockPool&) = delete;

  size_t BlockSize() const { return block_size_; }

  /// From now on nothing is kept: no more blocks are wanted.
  void Retire() {
    std::vector<uint8_t*> idle;
    {
      const std::lock_guard lock(mutex_);
      most_idle_ = 0;
      idle.swap(idle_);
    }
    for (uint8_t* block : idle) free(block);
  }

  /// Throws std::bad_alloc.
  Block Take() {
    uint8_t* block = TakeIdle();
    if (block == nullptr) block = static_cast<uint8_t*>(malloc(block_size_));
    if (block == nullptr) throw std::bad_alloc();
    return Block(block, Return{shared_from_this()});
  }

 private:
  uint8_t* TakeIdle() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return nullptr;
    uint8_t* block = idle_.back();
    idle_.pop_back();
    return block;
  }

  void Put(uint8_t* block) {
    {
      const std::lock_guard lock(mutex_);
      if (idle_.size() < most_idle_) return idle_.push_back(block);
    }
    free(block);
  }

  const size_t block_size_;
  size_t most_idle_;
  std::mutex mutex_;
  std::vector<uint8_t*> idle_;
};

}  // namespace composefs

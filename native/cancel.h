// How a job on a worker thread learns that JavaScript wants it to stop.
#pragma once

#include <atomic>
#include <memory>

#include "errors.h"

namespace composefs {

/// Set on the main thread, read at checkpoints on the worker thread.
class CancelFlag {
 public:
  void Set() { value_.store(true, std::memory_order_relaxed); }

  void Checkpoint() const {
    if (value_.load(std::memory_order_relaxed)) throw Cancelled{};
  }

 private:
  std::atomic<bool> value_{false};
};

}  // namespace composefs

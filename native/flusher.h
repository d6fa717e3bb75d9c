// The bytes of an image on their way out, while the next ones are made.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

#include "errors.h"

namespace composefs {

/// Hands buffers to a function, in their order, each while the caller fills the next one: on a thread of its
/// own where a processor is free for it, and else before Flush returns. Used by one thread.
class Flusher {
 public:
  using Work = std::function<void(std::span<const uint8_t>)>;
  using Buffer = std::unique_ptr<uint8_t[]>;

  static constexpr size_t kBufferSize = 1 << 20;

  explicit Flusher(Work work) : work_(std::move(work)) {}
  ~Flusher();
  Flusher(const Flusher&) = delete;
  Flusher& operator=(const Flusher&) = delete;

  /// Takes a full buffer for one to be filled. Throws what the work on an earlier one threw, or on this one.
  Buffer Flush(Buffer full);

  /// Waits for what is on its way, then does the work with the last bytes itself.
  void Finish(std::span<const uint8_t> rest);

 private:
  void Begin();
  void Run();
  std::unique_lock<std::mutex> WaitForThread();

  Work work_;
  bool has_begun_ = false;
  std::thread thread_;

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  Buffer pending_;  // the thread's, from when it is given until it is spare
  Buffer spare_;
  bool is_over_ = false;
  std::optional<Failure> failure_;
};

}  // namespace composefs

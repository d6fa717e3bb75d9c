#include "flusher.h"

#include <atomic>
#include <system_error>
#include <utility>

namespace composefs {
namespace {

/// Flushers of this process that have begun, each at work on one thread at least.
std::atomic<unsigned> begun{0};

}  // namespace

Flusher::~Flusher() {
  if (has_begun_) --begun;
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

Flusher::Buffer Flusher::Flush(Buffer full) {
  if (!has_begun_) Begin();
  if (!thread_.joinable()) {
    work_({full.get(), kBufferSize});
    return full;
  }
  const auto lock = WaitForThread();
  pending_ = std::move(full);
  changed_.notify_all();
  if (spare_ == nullptr) spare_ = std::make_unique_for_overwrite<uint8_t[]>(kBufferSize);
  return std::move(spare_);
}

void Flusher::Finish(std::span<const uint8_t> rest) {
  if (thread_.joinable()) WaitForThread();
  work_(rest);
}

/// With two threads for each image, many images at once would only get in each other's way.
void Flusher::Begin() {
  has_begun_ = true;
  if (++begun * 2 > std::thread::hardware_concurrency()) return;
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
    // No thread to be had: the caller's does it.
  }
}

std::unique_lock<std::mutex> Flusher::WaitForThread() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pending_ == nullptr; });
  if (failure_) Rethrow(*failure_);
  return lock;
}

void Flusher::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return pending_ != nullptr || is_over_; });
    if (pending_ == nullptr) return;
    lock.unlock();
    std::optional<Failure> failure = Attempt([this] { work_({pending_.get(), kBufferSize}); });
    lock.lock();
    failure_ = std::move(failure);
    spare_ = std::move(pending_);
    changed_.notify_all();
  }
}

}  // namespace composefs

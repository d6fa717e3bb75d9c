#include "hash_file.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "errors.h"

namespace composefs {
namespace {

/// Below it, a thread costs more than it saves.
constexpr uint64_t kSharedSize = 8 << 20;
/// Taken together by all threads: enough that waiting for the last one is little, few enough hashes to keep.
constexpr uint64_t kRound = 64 << 20;
/// Read at once by a thread; of whole blocks.
constexpr uint64_t kPiece = 1 << 18;

/// Threads of this process that are in HashFile.
std::atomic<unsigned> busy = 0;

/// The processor of a thread, while this is.
class Processor {
 public:
  static Processor Own() {
    busy++;
    return Processor(true);
  }

  /// None, if all are in use.
  static std::optional<Processor> Free() {
    const unsigned all = std::thread::hardware_concurrency();
    for (unsigned used = busy; used < all;)
      if (busy.compare_exchange_weak(used, used + 1)) return Processor(true);
    return std::nullopt;
  }

  Processor(Processor&& other) noexcept : held_(std::exchange(other.held_, false)) {}
  ~Processor() {
    if (held_) busy--;
  }

 private:
  explicit Processor(bool held) : held_(held) {}
  bool held_;
};

/// The hashes of the blocks from `start` on, `size` bytes of them.
class Round {
 public:
  Round(const SourceFile& file, HashAlgorithm algorithm, uint64_t start, uint64_t size,
        const CancelFlag& cancel)
      : file_(file),
        algorithm_(algorithm),
        start_(start),
        size_(size),
        cancel_(cancel),
        hashes_(size / VerityHasher::kBlockSize * HashSize(algorithm)) {}

  /// False if the file ended before.
  bool Run() {
    std::vector<std::thread> helpers;
    AddHelpers(helpers);
    Work();
    for (std::thread& helper : helpers) helper.join();
    if (failure_) Rethrow(*failure_);
    return !stopped_;
  }

  std::span<const uint8_t> Hashes() const { return hashes_; }

 private:
  void AddHelpers(std::vector<std::thread>& helpers) {
    const uint64_t pieces = (size_ + kPiece - 1) / kPiece;
    helpers.reserve(std::min<uint64_t>(pieces, std::thread::hardware_concurrency()));
    while (helpers.size() + 1 < pieces && helpers.size() < helpers.capacity()) {
      std::optional<Processor> processor = Processor::Free();
      if (!processor) return;
      try {
        helpers.emplace_back([this, held = std::move(*processor)] { Work(); });
      } catch (const std::exception&) {
        return;  // no more threads, or no memory for one: those that there are do it
      }
    }
  }

  /// On any of the threads.
  void Work() {
    const auto failure = Attempt([this] {
      BlockHasher hasher(algorithm_);
      std::vector<uint8_t> buffer(kPiece);
      for (uint64_t at; !stopped_ && (at = next_.fetch_add(kPiece)) < size_;) {
        cancel_.Checkpoint();
        const auto piece = std::span(buffer).first(std::min(kPiece, size_ - at));
        if (file_.ReadAt(piece, start_ + at) < piece.size())
          stopped_ = true;
        else
          hasher.HashBlocks(piece, hashes_.data() + at / VerityHasher::kBlockSize * HashSize(algorithm_));
      }
    });
    if (!failure) return;
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = *failure;
    stopped_ = true;
  }

  const SourceFile& file_;
  const HashAlgorithm algorithm_;
  const uint64_t start_;
  const uint64_t size_;
  const CancelFlag& cancel_;
  std::vector<uint8_t> hashes_;  // each thread writes those of its pieces
  std::atomic<uint64_t> next_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;
  std::optional<Failure> failure_;
};

/// Whole rounds of a large file; where the rest begins.
uint64_t HashShared(const SourceFile& file, VerityHasher& hasher, const CancelFlag& cancel) {
  const auto blocks = static_cast<uint64_t>(file.Status().st_size) / VerityHasher::kBlockSize;
  const uint64_t end = blocks * VerityHasher::kBlockSize;
  file.AdviseSequential();
  for (uint64_t at = 0; at < end;) {
    const uint64_t size = std::min(kRound, end - at);
    Round round(file, hasher.Algorithm(), at, size, cancel);
    if (!round.Run()) return at;
    hasher.UpdateHashed(round.Hashes());
    at += size;
  }
  return end;
}

}  // namespace

uint64_t HashFile(const SourceFile& file, VerityHasher& hasher, const CancelFlag& cancel) {
  const Processor own = Processor::Own();
  const bool shared = file.Status().st_size >= static_cast<off_t>(kSharedSize) && !file.HasHoles();
  const uint64_t at = shared ? HashShared(file, hasher, cancel) : 0;
  HashingSink sink(hasher);
  return ReadContent(file, sink, cancel, at);
}

}  // namespace composefs

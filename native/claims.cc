#include "claims.h"

#include <chrono>

namespace composefs {
namespace {

constexpr auto kWait = std::chrono::milliseconds(20);  // how soon who waits sees that it is to stop

}  // namespace

void Claims::Claim::Mark(State state) {
  if (!IsHad()) return;
  {
    const std::lock_guard lock(claims_->mutex_);
    claims_->states_.find(digest_)->second = state;
  }
  claims_->changed_.notify_all();
}

void Claims::Claim::Release() noexcept {
  if (!IsHad()) return;
  Claims& claims = *std::exchange(claims_, nullptr);
  {
    const std::lock_guard lock(claims.mutex_);
    claims.states_.erase(digest_);
  }
  claims.changed_.notify_all();
}

Claims::Claim Claims::Take(const Digest& digest, State& other) {
  const std::lock_guard lock(mutex_);
  const auto [at, is_new] = states_.try_emplace(digest, State::kWriting);
  if (is_new) return {this, digest};
  other = at->second;
  return {};
}

void Claims::Wait(const Digest& digest, const CancelFlag& cancel) {
  std::unique_lock lock(mutex_);
  for (;;) {
    cancel.Checkpoint();
    const auto at = states_.find(digest);
    if (at == states_.end() || at->second != State::kWriting) return;
    changed_.wait_for(lock, kWait);
  }
}

}  // namespace composefs

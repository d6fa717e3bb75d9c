// Who is writing which object of a store: of several writers that have equal content, one writes it.
#pragma once

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "cancel.h"
#include "verity.h"

namespace composefs {

/// For any number of threads.
class Claims {
 public:
  enum class State {
    kWriting,
    kStaged,  // written, and named with the next flush
  };

  /// A digest that is its holder's alone, until this goes; or one that is somebody else's. It must not
  /// outlive the Claims.
  class Claim {
   public:
    Claim() = default;
    ~Claim() { Release(); }
    Claim(Claim&& other) noexcept : claims_(std::exchange(other.claims_, nullptr)), digest_(other.digest_) {}
    Claim& operator=(Claim&& other) noexcept {
      if (this == &other) return *this;
      Release();
      claims_ = std::exchange(other.claims_, nullptr);
      digest_ = other.digest_;
      return *this;
    }

    bool IsHad() const { return claims_ != nullptr; }
    /// Of one that is somebody else's: does nothing.
    void Mark(State state);

   private:
    friend class Claims;
    Claim(Claims* claims, const Digest& digest) : claims_(claims), digest_(digest) {}
    void Release() noexcept;

    Claims* claims_ = nullptr;
    Digest digest_{};
  };

  /// Not had, if somebody else has it: then `other` tells how far that one is.
  Claim Take(const Digest& digest, State& other);

  /// Until nobody is writing the object any more. Throws what the flag throws.
  void Wait(const Digest& digest, const CancelFlag& cancel);

 private:
  struct Hash {
    size_t operator()(const Digest& digest) const {
      size_t value;
      std::memcpy(&value, digest.data(), sizeof(value));
      return value;
    }
  };

  std::mutex mutex_;  // of all below
  std::condition_variable changed_;
  std::unordered_map<Digest, State, Hash> states_;
};

}  // namespace composefs

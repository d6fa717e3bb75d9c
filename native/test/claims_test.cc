#include "claims.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace composefs {
namespace {

using State = Claims::State;

const Digest kDigest = {1, 2, 3};

class ClaimsTest : public testing::Test {
 protected:
  Claims claims_;
  CancelFlag cancel_;
  State other_{};
};

TEST_F(ClaimsTest, OneHolderHasADigest) {
  {
    const Claims::Claim first = claims_.Take(kDigest, other_);
    EXPECT_TRUE(first.IsHad());
    other_ = State::kStaged;
    EXPECT_FALSE(claims_.Take(kDigest, other_).IsHad());
    EXPECT_EQ(other_, State::kWriting);
    EXPECT_TRUE(claims_.Take({4}, other_).IsHad());
  }
  EXPECT_TRUE(claims_.Take(kDigest, other_).IsHad());
}

TEST_F(ClaimsTest, WhoDoesNotHaveOneMarksNothing) {
  Claims::Claim first = claims_.Take(kDigest, other_);
  Claims::Claim second = claims_.Take(kDigest, other_);
  second.Mark(State::kStaged);
  claims_.Take(kDigest, other_);
  EXPECT_EQ(other_, State::kWriting);
  first.Mark(State::kStaged);
  claims_.Take(kDigest, other_);
  EXPECT_EQ(other_, State::kStaged);
}

TEST_F(ClaimsTest, MovesWithItsHolder) {
  Claims::Claim first = claims_.Take(kDigest, other_);
  Claims::Claim second = std::move(first);
  EXPECT_TRUE(second.IsHad());
  EXPECT_FALSE(claims_.Take(kDigest, other_).IsHad());
  second = Claims::Claim();
  EXPECT_TRUE(claims_.Take(kDigest, other_).IsHad());
}

TEST_F(ClaimsTest, IsWaitedForWhileItsObjectIsWritten) {
  claims_.Wait(kDigest, cancel_);  // nobody's
  Claims::Claim claim = claims_.Take(kDigest, other_);
  std::atomic<int> done = 0;
  const auto soon = [&](auto what) {
    return std::thread([&done, what] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      ++done;
      what();
    });
  };
  std::thread staging = soon([&] { claim.Mark(State::kStaged); });
  claims_.Wait(kDigest, cancel_);
  EXPECT_EQ(done, 1);
  staging.join();
  claim.Mark(State::kWriting);
  std::thread ending = soon([&] { claim = Claims::Claim(); });
  claims_.Wait(kDigest, cancel_);
  EXPECT_EQ(done, 2);
  ending.join();
  EXPECT_TRUE(claims_.Take(kDigest, other_).IsHad());
}

TEST_F(ClaimsTest, IsWaitedForNoLongerThanTheFlagLets) {
  const Claims::Claim claim = claims_.Take(kDigest, other_);
  cancel_.Set();
  EXPECT_ANY_THROW(claims_.Wait(kDigest, cancel_));
}

}  // namespace
}  // namespace composefs

#include "exclusive.h"

#include <gtest/gtest.h>

#include <memory>

namespace composefs {
namespace {

using Shared = std::shared_ptr<int>;

int ErrorOfUse(Exclusive<Shared>& value) {
  const auto failure = Attempt([&] { const Exclusive<Shared>::Use use(value, "test"); });
  return failure ? std::get<SystemFailure>(*failure).error : 0;
}

TEST(ExclusiveTest, HasOneUserAtATime) {
  Exclusive<Shared> value(std::make_shared<int>(1));
  {
    const Exclusive<Shared>::Use use(value, "test");
    EXPECT_EQ(**use, 1);
    EXPECT_EQ(ErrorOfUse(value), EBUSY);
  }
  EXPECT_EQ(ErrorOfUse(value), 0);
}

TEST(ExclusiveTest, IsFreedAtOnceOrWithItsUser) {
  const Shared kept = std::make_shared<int>(1);
  Exclusive<Shared> used(kept);
  Exclusive<Shared> unused(kept);
  unused.Free();
  EXPECT_EQ(kept.use_count(), 2);
  {
    const Exclusive<Shared>::Use use(used, "test");
    EXPECT_FALSE(used.IsOver());
    used.Free();
    EXPECT_TRUE(used.IsOver());
    EXPECT_EQ(**use, 1);
  }
  EXPECT_EQ(kept.use_count(), 1);
  EXPECT_EQ(ErrorOfUse(used), EBADF);
}

}  // namespace
}  // namespace composefs

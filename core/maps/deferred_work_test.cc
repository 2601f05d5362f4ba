// SPDX-License-Identifier: MIT
#include "core/maps/deferred_work.h"

#include "core/maps/map_test_util.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"

namespace ebpf {
namespace {

class DeferredWorkTest : public MapTest {
 protected:
  static void Count(void* argument) { ++*static_cast<int*>(argument); }

  int count_ = 0;
};

TEST_F(DeferredWorkTest, RequestsBeforeTheCallBecomeOneAndLaterOnesAnother) {
  DeferredWork work(&Count, &count_, nullptr);
  {
    const HostTrap trap;
    EXPECT_TRUE(work.Request());
    EXPECT_TRUE(work.Request());
  }
  EXPECT_EQ(count_, 0);
  RunHostDeferred();
  EXPECT_EQ(count_, 1);
  EXPECT_TRUE(work.Request());
  RunHostDeferred();
  EXPECT_EQ(count_, 2);
}

TEST_F(DeferredWorkTest, ARequestFromInsideTheCallMakesAnotherCall) {
  struct Twice {
    int left = 1;
    int calls = 0;
    DeferredWork work{&Run, this, nullptr};

    static void Run(void* self) {
      auto* twice = static_cast<Twice*>(self);
      ++twice->calls;
      if (twice->left-- > 0) {
        EXPECT_TRUE(twice->work.Request());
      }
    }
  } twice;
  EXPECT_TRUE(twice.work.Request());
  RunHostDeferred();
  EXPECT_EQ(twice.calls, 2);
}

TEST_F(DeferredWorkTest, AMapIsKeptWhileTheCallIsPending) {
  const Ref<Map> map = Make(Spec(MapType::kArray, 4, 8, 1));
  DeferredWork work(&Count, &count_, map.get());
  EXPECT_TRUE(work.Request());
  EXPECT_EQ(map->ref_count(), 2u);
  EXPECT_TRUE(work.Request());
  EXPECT_EQ(map->ref_count(), 2u);
  RunHostDeferred();
  EXPECT_EQ(map->ref_count(), 1u);
}

TEST_F(DeferredWorkTest, WithoutTheServiceARequestSaysSoAndKeepsNothing) {
  const Ref<Map> map = Make(Spec(MapType::kArray, 4, 8, 1));
  DeferredWork work(&Count, &count_, map.get());
  SetHostDeferSupport(false);
  EXPECT_FALSE(work.Request());
  EXPECT_FALSE(work.Request());
  EXPECT_EQ(map->ref_count(), 1u);
  SetHostDeferSupport(true);
  EXPECT_TRUE(work.Request());
  RunHostDeferred();
  EXPECT_EQ(count_, 1);
}

}  // namespace
}  // namespace ebpf

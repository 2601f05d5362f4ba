// SPDX-License-Identifier: MIT
#include "core/maps/notifier.h"

#include <atomic>
#include <thread>

#include "core/maps/map_test_util.h"
#include "core/maps/ring_buffer_map.h"
#include "testing/host_port/host_cpu.h"
#include "testing/host_port/host_defer.h"

namespace ebpf {
namespace {

struct CountingListener final : Listener {
  void OnReadable() override { ++count; }
  int count = 0;
};

TEST(NotifierTest, NoticesGoOutInTaskContextAndBecomeOne) {
  Notifier notifier(nullptr);
  CountingListener first, second;
  notifier.Add(first);
  notifier.Add(second);
  {
    const HostTrap trap;  // as a probe does
    notifier.Notify();
    notifier.Notify();
  }
  EXPECT_EQ(first.count, 0);
  EXPECT_EQ(RunHostDeferred(), 1u);
  EXPECT_EQ(first.count, 1);
  EXPECT_EQ(second.count, 1);
  notifier.Notify();
  EXPECT_EQ(RunHostDeferred(), 1u);
  EXPECT_EQ(first.count, 2);
  notifier.Remove(first);
  notifier.Remove(second);
}

TEST(NotifierTest, NobodyListeningCostsNoDeferredCall) {
  Notifier notifier(nullptr);
  notifier.Notify();
  EXPECT_EQ(RunHostDeferred(), 0u);
}

TEST(NotifierTest, WhoWasRemovedIsNotCalledByANoticeUnderWay) {
  Notifier notifier(nullptr);
  CountingListener leaving, staying;
  notifier.Add(leaving);
  notifier.Add(staying);
  notifier.Notify();
  notifier.Remove(leaving);
  RunHostDeferred();
  EXPECT_EQ(leaving.count, 0);
  EXPECT_EQ(staying.count, 1);
  notifier.Remove(staying);
}

TEST(NotifierTest, APortWithoutDeferNotifiesNobodyAndLosesNothing) {
  Notifier notifier(nullptr);
  CountingListener listener;
  notifier.Add(listener);
  SetHostDeferSupport(false);
  notifier.Notify();
  EXPECT_EQ(listener.count, 0);
  SetHostDeferSupport(true);
  notifier.Notify();
  RunHostDeferred();
  EXPECT_EQ(listener.count, 1);
  notifier.Remove(listener);
}

class RingNotifierTest : public MapTest {};

TEST_F(RingNotifierTest, ARingLivesUntilItsNoticeWentOut) {
  const uint64_t before = PortAllocatedBytes();
  CountingListener listener;
  Ref<Map> map = Make(Spec(MapType::kRingBuffer, 0, 0, 4096));
  ASSERT_EQ(map->AddListener(listener), Status::kOk);
  ASSERT_EQ(RingBufferMap::From(*map)->ring().Output(In(uint64_t{1}), 0),
            Status::kOk);
  map->RemoveListener(listener);
  map = Ref<Map>();
  EXPECT_GT(PortAllocatedBytes(), before);
  EXPECT_EQ(RunHostDeferred(), 1u);
  EXPECT_EQ(listener.count, 0);
  EXPECT_EQ(PortAllocatedBytes(), before);
}

TEST_F(RingNotifierTest, AReaderThatSleepsBetweenNoticesMissesNoRecord) {
  // The lost wake-up: the reader finds nothing and sleeps while a producer,
  // which found the reader busy, does not wake it.
  constexpr uint64_t kRecords = 100'000;
  const Ref<Map> map = Make(Spec(MapType::kRingBuffer, 0, 0, 4096));
  RingBuffer& ring = RingBufferMap::From(*map)->ring();
  struct Sleeper final : Listener {
    void OnReadable() override { woken.store(true); }
    std::atomic<bool> woken{false};
  } sleeper;
  ASSERT_EQ(map->AddListener(sleeper), Status::kOk);
  std::thread producer([&] {
    const HostCpu cpu(1);
    for (uint64_t i = 0; i < kRecords;) {
      if (IsOk(ring.Output(In(i), 0))) {
        ++i;
      } else {
        std::this_thread::yield();
      }
      RunHostDeferred();
    }
  });
  for (uint64_t wanted = 0; wanted < kRecords;) {
    uint64_t value;
    while (ring.Read(Out(value)).ok()) {
      ASSERT_EQ(value, wanted);
      ++wanted;
    }
    if (map->Poll() != 0 || wanted == kRecords) {
      continue;
    }
    // Asleep: only a notice ends this.
    for (uint64_t i = 0; !sleeper.woken.exchange(false); ++i) {
      ASSERT_LT(i, 200'000'000u) << "asleep for good before " << wanted;
      std::this_thread::yield();
    }
  }
  producer.join();
  map->RemoveListener(sleeper);
  RunHostDeferred();
}

}  // namespace
}  // namespace ebpf

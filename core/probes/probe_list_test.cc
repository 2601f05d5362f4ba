// SPDX-License-Identifier: MIT
#include "core/probes/probe_list.h"

#include <atomic>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "core/probes/kprobe_test_util.h"
#include "core/probes/return_hook.h"
#include "testing/host_port/host_cpu.h"

namespace ebpf {
namespace {

using ProbeListTest = KprobeTest;

/// A walk in steps of `step`.
std::vector<ProbeInfo> All(size_t step) {
  std::vector<ProbeInfo> all;
  std::vector<ProbeInfo> some(step);
  ProbeKey after;
  size_t count = 0;
  do {
    count = ListProbes(after, {some.data(), some.size()});
    all.insert(all.end(), some.begin(), some.begin() + count);
    after = all.empty() ? after : all.back().key;
  } while (count != 0);
  return all;
}

TEST_F(ProbeListTest, IsEmptyWithoutProbes) { EXPECT_TRUE(All(3).empty()); }

TEST_F(ProbeListTest, ShowsEachProbeOnceInOrderOfAddressWhateverTheStep) {
  HostText add("add", kAdd);
  HostText multiply("multiply", kMultiply);
  Counter counter;
  std::multiset<uint64_t> expected;
  std::vector<Ref<Kprobe>> probes;
  for (uint64_t offset : {uint64_t{0}, kAddMove, kAddLea, kAddMove}) {
    probes.push_back(Attach("add", offset, counter));
    probes.push_back(Attach("multiply", 0, counter));
  }
  for (const Ref<Kprobe>& probe : probes) {
    expected.insert(probe->address());
  }
  for (size_t step = 1; step < 10; ++step) {
    const std::vector<ProbeInfo> all = All(step);
    std::multiset<uint64_t> seen;
    for (size_t i = 0; i < all.size(); ++i) {
      seen.insert(all[i].key.address);
      EXPECT_TRUE(i == 0 || all[i - 1].key < all[i].key);
    }
    EXPECT_EQ(seen, expected) << step;
  }
  EXPECT_EQ(ListProbes({}, {}), 0u);
}

TEST_F(ProbeListTest, TellsWhatAProbeIsAndWhetherItIsEnabled) {
  struct Event final : KprobeConsumer {
    void Hit(machine::PtRegs& /*regs*/) override {}
    ConsumerInfo Info() const override { return {.missed = 2}; }
  } event;
  HostText text("add", kAdd);
  Ref<Kprobe> probe = Attach("add", 0, event);

  ASSERT_EQ(All(1).size(), 1u);
  EXPECT_FALSE(All(1)[0].enabled);
  ASSERT_EQ(probe->Enable(), Status::kOk);
  const ProbeInfo info = All(1)[0];
  EXPECT_TRUE(info.enabled);
  EXPECT_FALSE(info.consumer.follows_returns);
  EXPECT_EQ(info.consumer.missed, 2u);
  probe->Detach();
  EXPECT_TRUE(All(1).empty());
}

/// Each pass asks each consumer behind `after` once, at most.
TEST_F(ProbeListTest, AWalkOverManyTakesFewPasses) {
  struct Asked final : KprobeConsumer {
    void Hit(machine::PtRegs& /*regs*/) override {}
    ConsumerInfo Info() const override {
      ++times;
      return {};
    }
    mutable size_t times = 0;
  } asked;
  constexpr size_t kProbes = 3 * kProbesAtOnce;
  HostText text("add", kAdd);
  std::vector<Ref<Kprobe>> probes;
  for (size_t i = 0; i < kProbes; ++i) {
    probes.push_back(Attach("add", i % 2 == 0 ? 0 : kAddLea, asked));
  }
  EXPECT_EQ(All(kProbesAtOnce).size(), kProbes);
  EXPECT_LE(asked.times, kProbes * 3);
}

TEST_F(ProbeListTest, AReturnHookIsOneThatFollowsReturns) {
  struct Returns final : ReturnConsumer {
    void Returned(machine::PtRegs&, const ReturnedCall&) override {}
  } returns;
  HostText text("add", kAdd);
  ReturnHook hook(returns);
  Ref<Kprobe> probe = Attach("add", 0, hook);

  ASSERT_EQ(All(1).size(), 1u);
  EXPECT_TRUE(All(1)[0].consumer.follows_returns);
  probe->Detach();
  hook.Cancel();
}

TEST_F(ProbeListTest, SeesEachProbeThatStaysOnceWhileOthersComeAndGo) {
  HostText add("add", kAdd);
  HostText multiply("multiply", kMultiply);
  Counter counter;
  std::vector<Ref<Kprobe>> stay;
  for (int i = 0; i < 6; ++i) {
    stay.push_back(Attach("add", i < 3 ? kAddMove : kAddLea, counter));
  }
  std::atomic<bool> stop{false};
  std::thread other([&] {
    HostCpu cpu(1);
    while (!stop) {
      for (uint64_t offset : {uint64_t{0}, kAddMove, kAddLea}) {
        Ref<Kprobe> guest = Attach("add", offset, counter);
        Ref<Kprobe> second = Attach("multiply", 0, counter);
      }
    }
  });
  for (int i = 0; i < 100; ++i) {
    size_t seen = 0;
    std::set<std::pair<uint64_t, uintptr_t>> keys;
    for (const ProbeInfo& info : All(2)) {
      EXPECT_TRUE(keys.emplace(info.key.address, info.key.probe).second);
    }
    for (const Ref<Kprobe>& probe : stay) {
      seen += keys.count(
          {probe->address(), reinterpret_cast<uintptr_t>(probe.get())});
    }
    EXPECT_EQ(seen, stay.size());
  }
  stop = true;
  other.join();
}

TEST_F(ProbeListTest, SaysWhereNoProbeMayStand) {
  HostText text("add", kAdd);
  EXPECT_TRUE(MayProbeStandOn(text.address(), sizeof(kAdd)));
  EXPECT_FALSE(MayProbeStandOn(reinterpret_cast<uint64_t>(&OnBreakpoint), 1));
  static int data;
  EXPECT_FALSE(MayProbeStandOn(reinterpret_cast<uint64_t>(&data), 1));
}

TEST(ProbeListWithoutProbesTest, IsEmpty) {
  ProbeInfo info;
  EXPECT_EQ(ListProbes({}, {&info, 1}), 0u);
  EXPECT_FALSE(MayProbeStandOn(reinterpret_cast<uint64_t>(&ListProbes), 1));
}

}  // namespace
}  // namespace ebpf

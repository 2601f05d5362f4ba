// SPDX-License-Identifier: MIT
//
// Kretprobes on live kernel functions, in every guest: each return is told with
// its own call's values, results do not change, and nothing is left.
#include "core/base/atomic.h"
#include "core/machine/return_stubs.h"
#include "core/memory/allocator.h"
#include "core/probes/return_hook.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/workload.h"
#include "testing/guest/probes/follow.h"
#include "testing/guest/probes/subjects.h"

namespace guest::probes {
namespace {

using ebpf::AttachKprobe;
using ebpf::CallConsumer;
using ebpf::kRelaxed;
using ebpf::ReturnedCall;
using ebpf::ReturnHook;
using ebpf::Status;
using ebpf::StringView;
using ebpf::machine::kReturnStubCount;
using ebpf::machine::PtRegs;

void WaitForWorkload() {
  while (WorkloadRunning()) {
    YieldOrWait();
  }
}

constexpr StringView kNames[] = {"vfs_open", "vfs_read", "vfs_write"};
constexpr WorkloadFunction kFunctions[] = {
    WorkloadFunction::kOpen, WorkloadFunction::kRead, WorkloadFunction::kWrite};

void ReturnsEqualCalls() {
  Watcher watchers[3];
  Followed followed[3] = {{kNames[0], watchers[0]},
                          {kNames[1], watchers[1]},
                          {kNames[2], watchers[2]}};
  uint64_t calls[3][kMaxCpus] = {};
  for (int i = 0; i < 3; ++i) {
    GUEST_ASSERT(followed[i].ok());
    for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
      calls[i][cpu] = WorkloadCalls(kFunctions[i], cpu);
    }
  }
  GUEST_ASSERT(StartWorkload(200));
  WaitForWorkload();
  for (int i = 0; i < 3; ++i) {
    for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
      const uint64_t now = WorkloadCalls(kFunctions[i], cpu) - calls[i][cpu];
      GUEST_EXPECT(now > 0);
      GUEST_EXPECT_EQ(watchers[i].returned(cpu), now);
    }
    GUEST_EXPECT_EQ(watchers[i].wrong(), 0);
    GUEST_EXPECT_EQ(followed[i].missed() + followed[i].missed_entries(), 0);
    followed[i].End();
  }
  const uint64_t returned = watchers[0].returned();
  GUEST_ASSERT(StartWorkload(50));
  WaitForWorkload();
  GUEST_EXPECT_EQ(watchers[0].returned(), returned);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
}

GUEST_TEST(Kretprobe, ReturnsEqualCallsOnEachCpu) {
  ReturnProbes probes;
  GUEST_ASSERT(probes.ok());
  ReturnsEqualCalls();
}

GUEST_TEST(Kretprobe, ReturnsEqualCallsWhereTheKernelPreempts) {
  if (!personality::kCanPreempt) {
    SkipTest("this kernel does not");
    return;
  }
  ReturnProbes probes;
  GUEST_ASSERT(probes.ok());
  SetPreemptive(true);
  ReturnsEqualCalls();
  SetPreemptive(false);
}

GUEST_TEST(Kretprobe, ResultsDoNotChange) {
  ReturnProbes probes;
  GUEST_ASSERT(probes.ok());
  constexpr uint64_t kArguments[][2] = {{0, 0}, {7, 5}, {15, ~uint64_t{0}}};
  for (const Subject& subject : kSubjects) {
    uint64_t plain[3];
    for (int i = 0; i < 3; ++i) {
      plain[i] = subject.function(kArguments[i][0], kArguments[i][1]);
    }
    Watcher watcher;
    Followed followed(subject.name, watcher);
    GUEST_ASSERT(followed.ok());
    for (int i = 0; i < 3; ++i) {
      GUEST_EXPECT_EQ(subject.function(kArguments[i][0], kArguments[i][1]),
                      plain[i]);
    }
    GUEST_EXPECT(watcher.returned() >= 3);
    GUEST_EXPECT_EQ(watcher.returned(), watcher.entered());
    GUEST_EXPECT_EQ(watcher.wrong(), 0);
  }
}

/// As deep as the stack is for it, and no deeper than 1 000.
uint64_t Depth() {
  const uint64_t depth = personality::kStackSize / 128;
  return depth < 1000 ? depth : 1000;
}

GUEST_TEST(Kretprobe, RecursionIsMatchedCallByCall) {
  ReturnProbes probes;
  GUEST_ASSERT(probes.ok());
  Watcher watcher(Sum);
  Followed followed("followed_sum", watcher);
  GUEST_ASSERT(followed.ok());
  const uint64_t depth = Depth();
  for (int i = 0; i < 10; ++i) {
    GUEST_EXPECT_EQ(followed_sum(depth), Sum(depth));
  }
  GUEST_EXPECT_EQ(watcher.returned(), 10 * (depth + 1));
  GUEST_EXPECT_EQ(watcher.wrong(), 0);
  GUEST_EXPECT_EQ(followed.missed(), 0);
  Line() << "  10 calls that nest " << depth + 1
         << " deep: " << watcher.returned() << " returns, " << watcher.wrong()
         << " wrong";
}

/// Several hooks on the recursive function, until the instances run out.
struct ManyHooks {
  static constexpr uint32_t kCount = 64;
  Watcher watchers[kCount];
  Followed* followed[kCount] = {};
};

GUEST_TEST(Kretprobe, CallsThatFindNoInstanceAreMissedAndCounted) {
  ReturnProbes probes;
  GUEST_ASSERT(probes.ok());
  auto made = ebpf::PortAllocator().New<ManyHooks>();
  GUEST_ASSERT(made.ok());
  ManyHooks& many = **made;
  for (uint32_t i = 0; i < ManyHooks::kCount; ++i) {
    many.followed[i] =
        ebpf::PortAllocator()
            .New<Followed>(StringView("followed_sum"), many.watchers[i])
            .ValueOr(nullptr);
    GUEST_ASSERT(many.followed[i] != nullptr && many.followed[i]->ok());
  }
  const uint64_t depth = Depth();
  GUEST_EXPECT_EQ(followed_sum(depth - 1), Sum(depth - 1));
  const uint64_t calls = depth * ManyHooks::kCount;
  GUEST_EXPECT(calls > kReturnStubCount);
  uint64_t returned = 0;
  uint64_t missed = 0;
  for (uint32_t i = 0; i < ManyHooks::kCount; ++i) {
    returned += many.watchers[i].returned();
    missed += many.followed[i]->missed();
    GUEST_EXPECT_EQ(many.watchers[i].wrong(), 0);
    ebpf::PortAllocator().Delete(many.followed[i]);
  }
  GUEST_EXPECT_EQ(returned, kReturnStubCount);
  GUEST_EXPECT_EQ(missed, calls - returned);
  Line() << "  " << calls << " calls under way at once: " << returned
         << " returns, " << missed << " missed";
  ebpf::PortAllocator().Delete(&many);
}

GUEST_TEST(Kretprobe, ATailCallReturnsFromBothToTheCaller) {
  ReturnProbes probes;
  GUEST_ASSERT(probes.ok());
  Watcher leaf(OneMore);
  Watcher jump(OneMore);
  Followed followed_leaf_call("followed_leaf", leaf);
  Followed followed_jump_call("followed_jump", jump);
  GUEST_ASSERT(followed_leaf_call.ok() && followed_jump_call.ok());
  for (uint64_t i = 0; i < 100; ++i) {
    GUEST_EXPECT_EQ(followed_jump(i), i + 1);
    GUEST_EXPECT_EQ(followed_leaf(i), i + 1);
  }
  GUEST_EXPECT_EQ(leaf.returned(), 200);
  GUEST_EXPECT_EQ(jump.returned(), 100);
  GUEST_EXPECT_EQ(leaf.wrong() + jump.wrong(), 0);
}

/// Threads that call followed_sleep, of different lengths.
struct Sleepers {
  static constexpr uint32_t kCount = 16;
  static constexpr uint32_t kCalls = 5;
  ebpf::Atomic<uint64_t> right{0};
  ebpf::Atomic<uint32_t> next{0};
  Thread* threads[kCount] = {};

  bool Start() {
    for (uint32_t i = 0; i < kCount; ++i) {
      threads[i] = Spawn("sleeper", i % OnlineCpus(), Run, this);
      if (threads[i] == nullptr) {
        return false;
      }
    }
    return true;
  }
  void Wait() {
    for (Thread* thread : threads) {
      Join(thread);
    }
  }
  static void Run(void* self) {
    auto& sleepers = *static_cast<Sleepers*>(self);
    const uint64_t mine = sleepers.next.FetchAdd(1, kRelaxed) % 4;
    for (uint32_t i = 0; i < kCalls; ++i) {
      sleepers.right.FetchAdd(followed_sleep(mine) == mine + 1 ? 1 : 0,
                              kRelaxed);
    }
  }
};

GUEST_TEST(Kretprobe, CallsMaySleepWhileOthersReturn) {
  ReturnProbes probes;
  GUEST_ASSERT(probes.ok());
  Watcher watcher(OneMore);
  Followed followed("followed_sleep", watcher);
  GUEST_ASSERT(followed.ok());
  Sleepers sleepers;
  GUEST_ASSERT(sleepers.Start());
  sleepers.Wait();
  constexpr uint64_t kCalls = Sleepers::kCount * Sleepers::kCalls;
  GUEST_EXPECT_EQ(sleepers.right.Load(kRelaxed), kCalls);
  GUEST_EXPECT_EQ(
      watcher.returned() + followed.missed() + followed.missed_entries(),
      kCalls);
  GUEST_EXPECT_EQ(watcher.returned(), kCalls);
  GUEST_EXPECT_EQ(watcher.wrong(), 0);
}

GUEST_TEST(Kretprobe, CallsUnderWayReturnUnseenAfterTheEnd) {
  ReturnProbes probes;
  GUEST_ASSERT(probes.ok());
  Watcher watcher(OneMore);
  Sleepers sleepers;
  {
    Followed followed("followed_sleep", watcher);
    GUEST_ASSERT(followed.ok());
    GUEST_ASSERT(sleepers.Start());
    while (watcher.entered() < 4) {
      YieldOrWait();
    }
  }
  watcher.SetEnded();
  sleepers.Wait();
  GUEST_EXPECT_EQ(sleepers.right.Load(kRelaxed),
                  Sleepers::kCount * Sleepers::kCalls);
  GUEST_EXPECT_EQ(watcher.late(), 0);
  GUEST_EXPECT_EQ(watcher.wrong(), 0);
  Line() << "  " << watcher.entered() - watcher.returned()
         << " calls under way at the end, none of them wrong";
}

/// Calls what is followed, at the entry and at the return of something else.
class Nester final : public CallConsumer {
 public:
  bool Entered(PtRegs& /*regs*/, uint64_t& /*data*/) override {
    right_ += followed_leaf(1) == 2 ? 1 : 0;
    return true;
  }
  void Returned(PtRegs& /*regs*/, const ReturnedCall& /*call*/) override {
    right_ += followed_leaf(1) == 2 ? 1 : 0;
  }
  uint64_t right() const { return right_; }

 private:
  uint64_t right_ = 0;
};

GUEST_TEST(Kretprobe, HitsInsideOfAConsumerAreMissed) {
  ReturnProbes probes;
  GUEST_ASSERT(probes.ok());
  Nester nester;
  Watcher leaf(OneMore);
  Followed outer("followed_sum", nester);
  Followed inner("followed_leaf", leaf);
  GUEST_ASSERT(outer.ok() && inner.ok());
  GUEST_EXPECT_EQ(followed_sum(9), 45);
  GUEST_EXPECT_EQ(nester.right(), 20);
  GUEST_EXPECT_EQ(leaf.returned(), 0);
  GUEST_EXPECT_EQ(inner.missed_entries(), 20);
  GUEST_EXPECT_EQ(followed_leaf(5), 6);
  GUEST_EXPECT_EQ(leaf.returned(), 1);
}

GUEST_TEST(Kretprobe, WhatRunsBeforeTheGuardIsRefused) {
  ReturnProbes probes;
  GUEST_ASSERT(probes.ok());
  Watcher watcher;
  ReturnHook hook(watcher);
  constexpr StringView kForbidden[] = {
      "ebpf_return_hit",       "ebpf_return_stubs", "ebpf_port_irq_save",
      "ebpf_port_irq_restore", "ebpf_port_cpu_id",
  };
  for (StringView name : kForbidden) {
    GUEST_EXPECT(AttachKprobe(name, 0, 0, hook).status() == Status::kInvalid);
  }
}

GUEST_TEST(Kretprobe, ComesAndGoesUnderLoad) {
  ReturnProbes probes;
  GUEST_ASSERT(probes.ok());
  GUEST_ASSERT(StartWorkload(UINT32_MAX));
  uint32_t on_all_cpus = 0;
  constexpr uint32_t kCycles = 500;
  for (uint32_t cycle = 0; cycle < kCycles; ++cycle) {
    Watcher watcher;
    Followed followed(kNames[cycle % 3], watcher);
    GUEST_ASSERT(followed.ok());
    bool all = false;
    const uint64_t until = TickCount(0) + 100;
    while (!all && TickCount(0) < until) {
      YieldOrWait();
      all = true;
      for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
        all = all && watcher.returned(cpu) > 0;
      }
    }
    on_all_cpus += all ? 1 : 0;
    followed.End();
    watcher.SetEnded();
    YieldOrWait();
    GUEST_EXPECT_EQ(watcher.late() + watcher.wrong(), 0);
    GUEST_EXPECT_EQ(followed.missed(), 0);
  }
  StopWorkload();
  WaitForWorkload();
  Line() << "cycles with returns on each CPU: " << on_all_cpus << " of "
         << kCycles;
  GUEST_EXPECT(on_all_cpus * 100 >= kCycles * 95);
  GUEST_EXPECT_EQ(WorkloadErrors(), 0);
}

}  // namespace
}  // namespace guest::probes

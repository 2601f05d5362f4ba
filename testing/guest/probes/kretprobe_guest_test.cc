// SPDX-License-Identifier: MIT
//
// Kretprobes on live kernel functions, in every guest: each return is told with
// its own call's values, results do not change, and nothing is left.
#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/machine/return_stubs.h"
#include "core/memory/allocator.h"
#include "core/probes/return_hook.h"
#include "core/probes/return_pool.h"
#include "core/sync/read_section.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/kernel/workload.h"
#include "testing/guest/probes/environment.h"
#include "testing/guest/probes/subjects.h"

// What is followed here. Each gives what it is given, and one more.
extern "C" {

[[gnu::noinline]] uint64_t followed_sum(uint64_t n) {
  uint64_t rest = 0;
  if (n != 0) {
    rest = followed_sum(n - 1);
  }
  asm volatile("" : "+r"(rest));  // a call, and no loop
  return rest + n;
}

[[gnu::noinline]] uint64_t followed_sleep(uint64_t ticks) {
  guest::SleepTicks(ticks);
  return ticks + 1;
}

[[gnu::noinline]] uint64_t followed_leaf(uint64_t value) {
  asm volatile("" : "+r"(value));
  return value + 1;
}

[[gnu::noinline]] uint64_t followed_jump(uint64_t value) {
  [[clang::musttail]] return followed_leaf(value);
}

[[gnu::noinline]] uint64_t followed_call(void (*function)(void*),
                                         void* argument) {
  function(argument);
  asm volatile("");
  return 42;
}

/// What guest threads tell as they end (testing/guest/kernel/thread.cc).
void ebpf_task_exit(uint64_t stack_begin, uint64_t stack_end) {
  ebpf::ReturnHook::ForgetCalls(stack_begin, stack_end);
}

}  // extern "C"

namespace guest::probes {
namespace {

using ebpf::AttachKprobe;
using ebpf::Kprobe;
using ebpf::kRelaxed;
using ebpf::Ref;
using ebpf::ReturnConsumer;
using ebpf::ReturnedCall;
using ebpf::ReturnHook;
using ebpf::ReturnPool;
using ebpf::Status;
using ebpf::StringView;
using ebpf::machine::kReturnStubCount;
using ebpf::machine::PtRegs;

/// Starts the port once, and probes for the length of a test.
class Probes {
 public:
  Probes() {
    static constinit bool started = false;
    started = started || StartPort();
    ok_ = started && ebpf::InitReadSections() &&
          IsOk(ebpf::InitProbes(Machine(), ebpf::PortAllocator())) &&
          IsOk(ReturnHook::Prepare());
  }
  ~Probes() {
    if (ok_) {
      GUEST_EXPECT_EQ(ReturnPool::Get().CountInFlight(), 0);
      GUEST_EXPECT(ebpf::ExitProbes());
      ebpf::ExitReadSections();
      GUEST_EXPECT_EQ(ebpf::PortAllocatedBytes(), 0);
    }
  }
  bool ok() const { return ok_; }

 private:
  bool ok_ = false;
};

/// Keeps each call's first argument, and checks that the return is that call's.
class Watcher final : public ReturnConsumer {
 public:
  /// What a call of `argument` returns, if the function says so.
  using Expected = uint64_t(uint64_t argument);
  explicit Watcher(Expected* expected = nullptr) : expected_(expected) {}

  bool Entered(PtRegs& regs, uint64_t& data) override {
    data = Argument(regs, 0);
    entered_.FetchAdd(1, kRelaxed);
    return true;
  }
  void Returned(PtRegs& regs, const ReturnedCall& call) override {
    returned_[machine::CpuId()].FetchAdd(1, kRelaxed);
    const bool right =
        Pc(regs) == call.return_address &&
        (expected_ == nullptr || ReturnValue(regs) == expected_(call.data));
    wrong_.FetchAdd(right ? 0 : 1, kRelaxed);
    late_.FetchAdd(ended_.Load(kRelaxed) ? 1 : 0, kRelaxed);
  }
  void SetEnded() { ended_.Store(true, kRelaxed); }

  uint64_t entered() const { return entered_.Load(kRelaxed); }
  uint64_t returned(uint32_t cpu) const {
    return returned_[cpu].Load(kRelaxed);
  }
  uint64_t returned() const {
    uint64_t sum = 0;
    for (const auto& returned : returned_) {
      sum += returned.Load(kRelaxed);
    }
    return sum;
  }
  uint64_t wrong() const { return wrong_.Load(kRelaxed); }
  uint64_t late() const { return late_.Load(kRelaxed); }

 private:
  Expected* expected_;
  ebpf::Atomic<uint64_t> entered_{0};
  ebpf::Atomic<uint64_t> returned_[kMaxCpus] = {};
  ebpf::Atomic<uint64_t> wrong_{0};
  ebpf::Atomic<uint64_t> late_{0};
  ebpf::Atomic<bool> ended_{false};
};

uint64_t OneMore(uint64_t argument) { return argument + 1; }
uint64_t Sum(uint64_t argument) { return argument * (argument + 1) / 2; }

/// A followed function, until the end of the object.
class Followed {
 public:
  Followed(StringView name, ReturnConsumer& consumer) : hook_(consumer) {
    auto kprobe = AttachKprobe(name, 0, 0, hook_);
    if (kprobe.ok() && IsOk((*kprobe)->Enable())) {
      kprobe_ = ebpf::Move(*kprobe);
    }
  }
  ~Followed() { End(); }
  Followed(const Followed&) = delete;
  Followed& operator=(const Followed&) = delete;

  void End() {
    if (kprobe_) {
      kprobe_->Detach();
      hook_.Cancel();
    }
  }
  bool ok() const { return static_cast<bool>(kprobe_); }
  uint64_t missed() const { return hook_.missed(); }
  uint64_t missed_entries() const { return kprobe_->missed(); }

 private:
  ReturnHook hook_;
  Ref<Kprobe> kprobe_;
};

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
  Probes probes;
  GUEST_ASSERT(probes.ok());
  ReturnsEqualCalls();
}

GUEST_TEST(Kretprobe, ReturnsEqualCallsWhereTheKernelPreempts) {
  if (!personality::kCanPreempt) {
    SkipTest("this kernel does not");
    return;
  }
  Probes probes;
  GUEST_ASSERT(probes.ok());
  SetPreemptive(true);
  ReturnsEqualCalls();
  SetPreemptive(false);
}

GUEST_TEST(Kretprobe, ResultsDoNotChange) {
  Probes probes;
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
  Probes probes;
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
}

/// Several hooks on the recursive function, until the instances run out.
struct ManyHooks {
  static constexpr uint32_t kCount = 64;
  Watcher watchers[kCount];
  Followed* followed[kCount] = {};
};

GUEST_TEST(Kretprobe, CallsThatFindNoInstanceAreMissedAndCounted) {
  Probes probes;
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
  ebpf::PortAllocator().Delete(&many);
}

GUEST_TEST(Kretprobe, ATailCallReturnsFromBothToTheCaller) {
  Probes probes;
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
  Probes probes;
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
  Probes probes;
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
}

/// A stack of its own, on which something runs that is then left for good: as
/// a task that is killed, or a jump out of it.
class Aside {
 public:
  Aside() {
    const size_t pages = personality::kStackSize / kPageSize;
    stack_ = static_cast<uint8_t*>(AllocatePages(pages, pages));
    if (stack_ != nullptr && CurrentThread()->stack != nullptr) {
      // What the personality keeps in a stack's lowest words.
      ebpf::CopyBytes(stack_, CurrentThread()->stack, kLowest);
    }
  }
  ~Aside() {
    if (stack_ != nullptr) {
      FreePages(stack_, personality::kStackSize / kPageSize);
    }
  }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;
  bool ok() const {
    return stack_ != nullptr && CurrentThread()->stack != nullptr;
  }
  uint64_t begin() const { return reinterpret_cast<uintptr_t>(stack_); }
  uint64_t end() const { return begin() + personality::kStackSize; }

  /// Calls followed_call there, and leaves it from inside.
  void CallAndLeave() {
    const uintptr_t interrupts = machine::IrqSave();
    machine::PrepareThread(&there_, stack_ + personality::kStackSize, Start,
                           this);
    machine::SwitchThread(&here_, &there_);
    machine::IrqRestore(interrupts);
  }

 private:
  static void Start(void* self) {
    // Not a variant of it that only this call has.
    auto* volatile function = followed_call;
    function(Leave, self);
    Panic("a call that was left returned");
  }
  static void Leave(void* self) {
    auto& aside = *static_cast<Aside*>(self);
    machine::SwitchThread(&aside.there_, &aside.here_);
  }

  static constexpr size_t kLowest = 512;

  uint8_t* stack_ = nullptr;
  machine::ThreadContext here_ = {};
  machine::ThreadContext there_ = {};
};

void LeaveCalls(void* ok) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  Watcher watcher;
  Followed followed("followed_call", watcher);
  GUEST_ASSERT(followed.ok());
  Aside aside;
  GUEST_ASSERT(aside.ok());
  // From the same place: where instances run out, the next one proves that
  // those before it were left.
  constexpr uint32_t kTimes = 2 * kReturnStubCount + 1;
  for (uint32_t i = 0; i < kTimes; ++i) {
    aside.CallAndLeave();
  }
  GUEST_EXPECT_EQ(watcher.entered(), kTimes);
  GUEST_EXPECT_EQ(followed.missed(), 0);
  // And a task's end, more often than there are instances.
  ReturnHook::ForgetCalls(aside.begin(), aside.end());
  GUEST_EXPECT_EQ(ReturnPool::Get().CountInFlight(), 0);
  for (uint32_t i = 0; i < kTimes; ++i) {
    aside.CallAndLeave();
    ebpf_task_exit(aside.begin(), aside.end());
  }
  GUEST_EXPECT_EQ(ReturnPool::Get().CountInFlight(), 0);
  GUEST_EXPECT_EQ(followed.missed(), 0);
  GUEST_EXPECT_EQ(watcher.returned(), 0);
  *static_cast<bool*>(ok) = true;
}

GUEST_TEST(Kretprobe, CallsThatAreLeftAreGivenBack) {
  // A thread, since boot stacks have no lowest words.
  bool ok = false;
  Thread* thread = Spawn("leaver", 0, LeaveCalls, &ok);
  GUEST_ASSERT(thread != nullptr);
  Join(thread);
  GUEST_EXPECT(ok);
}

/// Calls what is followed, at the entry and at the return of something else.
class Nester final : public ReturnConsumer {
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
  Probes probes;
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
  Probes probes;
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
  Probes probes;
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

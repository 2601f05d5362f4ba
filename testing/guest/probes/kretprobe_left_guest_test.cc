// SPDX-License-Identifier: MIT
//
// Calls that are followed, on stacks of their own: ones that their task leaves
// for good, that return on another CPU than the one that made them, and very
// many in each other.
#include "core/base/memory.h"
#include "core/machine/return_stubs.h"
#include "core/platform/stack.h"
#include "core/probes/return_hook.h"
#include "core/probes/return_pool.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/probes/follow.h"

namespace guest::probes {
namespace {

using ebpf::ReturnHook;
using ebpf::ReturnPool;
using ebpf::machine::kReturnStubCount;

/// A stack of its own, on which something runs that is then left: as a task
/// that is killed, or a jump out of it, or a task that is switched away.
class Aside {
 public:
  explicit Aside(size_t size = personality::kStackSize)
      : size_(size),
        stack_(static_cast<uint8_t*>(
            AllocatePages(size / kPageSize, size / kPageSize))) {}
  ~Aside() {
    if (stack_ != nullptr) {
      FreePages(stack_, size_ / kPageSize);
    }
  }
  Aside(const Aside&) = delete;
  Aside& operator=(const Aside&) = delete;
  bool ok() const {
    return stack_ != nullptr && CurrentThread()->stack != nullptr;
  }
  uint64_t begin() const { return reinterpret_cast<uintptr_t>(stack_); }
  uint64_t end() const { return begin() + size_; }

  /// Calls followed_call there, and leaves it from inside.
  void CallAndLeave() {
    machine::PrepareThread(&there_, stack_ + size_, Start, this);
    SwitchThere();
  }

  /// Calls followed_sum(n) there; what it returned.
  uint64_t Sum(uint64_t n) {
    result_ = n;
    machine::PrepareThread(&there_, stack_ + size_, StartSum, this);
    SwitchThere();
    return result_;
  }

  /// Goes on with the call that was left, on this CPU, until it has returned;
  /// what it returned.
  uint64_t GoOn() {
    is_gone_on_ = true;
    SwitchThere();
    is_gone_on_ = false;
    return result_;
  }

 private:
  void SwitchThere() {
    const uintptr_t interrupts = machine::IrqSave();
    // What the personality keeps in the lowest words of whose stack it is.
    ebpf::CopyBytes(stack_, CurrentThread()->stack, kLowest);
    machine::SwitchThread(&here_, &there_);
    machine::IrqRestore(interrupts);
  }
  static void Start(void* self) {
    auto& aside = *static_cast<Aside*>(self);
    // Not a variant of it that only this call has.
    auto* volatile function = followed_call;
    aside.result_ = function(Leave, self);
    if (!aside.is_gone_on_) {
      Panic("a call that was left returned");
    }
    machine::SwitchThread(&aside.there_, &aside.here_);
  }
  static void StartSum(void* self) {
    auto& aside = *static_cast<Aside*>(self);
    aside.result_ = followed_sum(aside.result_);
    machine::SwitchThread(&aside.there_, &aside.here_);
  }
  static void Leave(void* self) {
    auto& aside = *static_cast<Aside*>(self);
    machine::SwitchThread(&aside.there_, &aside.here_);
  }

  static constexpr size_t kLowest = 512;

  const size_t size_;
  uint8_t* const stack_;
  bool is_gone_on_ = false;
  uint64_t result_ = 0;
  machine::ThreadContext here_ = {};
  machine::ThreadContext there_ = {};
};

void LeaveCalls(void* ok) {
  ReturnProbes probes;
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
  Line() << "  " << 2 * kTimes
         << " calls left, half of them by a task's end: " << watcher.entered()
         << " followed, " << followed.missed() << " missed, "
         << watcher.returned() << " returned";
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

/// Calls followed_call deeper on the stack that runs, and jumps out of it.
class Jump {
 public:
  [[gnu::noinline]] void CallAndLeave() {
    // What a hit takes of a stack, too.
    constexpr size_t kRoom = 3072;
    alignas(16) uint8_t room[kRoom];
    machine::PrepareThread(&there_, room + kRoom, Start, this);
    const uintptr_t interrupts = machine::IrqSave();
    machine::SwitchThread(&here_, &there_);
    machine::IrqRestore(interrupts);
  }

  /// From `depth` frames further down.
  [[gnu::noinline]] void CallFromBelow(uint64_t depth) {
    volatile uint8_t frame[32];
    frame[0] = static_cast<uint8_t>(depth);
    if (depth == 0) {
      CallAndLeave();
    } else {
      CallFromBelow(depth - 1);
    }
    frame[1] = frame[0];  // no tail call
  }

 private:
  static void Start(void* self) {
    auto* volatile function = followed_call;
    function(Leave, self);
    Panic("a call that was left returned");
  }
  static void Leave(void* self) {
    auto& jump = *static_cast<Jump*>(self);
    machine::SwitchThread(&jump.there_, &jump.here_);
  }

  machine::ThreadContext here_ = {};
  machine::ThreadContext there_ = {};
};

void JumpOutOfCalls(void* ok) {
  ReturnProbes probes;
  GUEST_ASSERT(probes.ok());
  Watcher watcher;
  Followed followed("followed_call", watcher);
  GUEST_ASSERT(followed.ok());
  Jump jump;
  for (uint32_t i = 0; i < kReturnStubCount; ++i) {
    jump.CallFromBelow(1 + i % 4);
  }
  GUEST_EXPECT_EQ(ReturnPool::Get().CountInFlight(), kReturnStubCount);
  // Nobody called from here before: that all others lie below, and so are left,
  // is known by the stack's bounds only.
  jump.CallFromBelow(0);
  GUEST_EXPECT_EQ(followed.missed(), 0);
  GUEST_EXPECT_EQ(watcher.entered(), kReturnStubCount + 1);
  GUEST_EXPECT_EQ(ReturnPool::Get().CountInFlight(), 1);
  const auto stack = reinterpret_cast<uintptr_t>(CurrentThread()->stack);
  ebpf_task_exit(stack, stack + personality::kStackSize);
  *static_cast<bool*>(ok) = true;
}

/// Runs `work(argument)` in a task of its own on `cpu`.
void RunOn(uint32_t cpu, void (*work)(void* argument), void* argument) {
  Thread* thread = Spawn("mover", cpu, work, argument);
  GUEST_ASSERT(thread != nullptr);
  Join(thread);
}

/// Whether the port says in which stack this runs.
void KnowsItsStack(void* knows) {
  uintptr_t begin;
  uintptr_t end;
  *static_cast<bool*>(knows) = ebpf_port_stack_bounds(
      reinterpret_cast<uintptr_t>(__builtin_frame_address(0)), &begin, &end);
}

GUEST_TEST(Kretprobe, CallsThatWereLeftByAJumpAreFoundByTheStacksBounds) {
  bool knows = false;
  RunOn(0, KnowsItsStack, &knows);
  GUEST_EXPECT_EQ(knows, personality::kStacksAreKnown);
  if (!knows) {
    SkipTest("the port does not take the guest's stacks for the kernel's");
    return;
  }
  bool ok = false;
  Thread* thread = Spawn("jumper", OnlineCpus() - 1, JumpOutOfCalls, &ok);
  GUEST_ASSERT(thread != nullptr);
  Join(thread);
  GUEST_EXPECT(ok);
}

struct Move {
  Aside aside;
  uint64_t result = 0;
};

GUEST_TEST(Kretprobe, ACallMayReturnOnAnotherCpu) {
  if (OnlineCpus() == 1) {
    SkipTest("one CPU");
    return;
  }
  ReturnProbes probes;
  GUEST_ASSERT(probes.ok());
  Watcher watcher;
  Followed followed("followed_call", watcher);
  GUEST_ASSERT(followed.ok());
  constexpr uint32_t kRounds = 100;
  for (uint32_t round = 0; round < kRounds; ++round) {
    Move move;
    const uint32_t from = round % 2;
    RunOn(
        from,
        [](void* argument) {
          auto& aside = static_cast<Move*>(argument)->aside;
          GUEST_ASSERT(aside.ok());
          aside.CallAndLeave();
        },
        &move);
    GUEST_EXPECT_EQ(ReturnPool::Get().CountInFlight(), 1);
    RunOn(
        1 - from,
        [](void* argument) {
          auto& self = *static_cast<Move*>(argument);
          self.result = self.aside.GoOn();
        },
        &move);
    GUEST_EXPECT_EQ(move.result, 42);
  }
  GUEST_EXPECT_EQ(watcher.entered(), kRounds);
  GUEST_EXPECT_EQ(watcher.returned(0), kRounds / 2);
  GUEST_EXPECT_EQ(watcher.returned(1), kRounds / 2);
  GUEST_EXPECT_EQ(watcher.wrong() + followed.missed(), 0);
  Line() << "  " << kRounds
         << " calls begun on one CPU and ended on another: " << watcher.wrong()
         << " wrong returns";
}

struct Deep {
  static constexpr uint64_t kDepth = 1000;
  static constexpr size_t kStackSize = size_t{256} << 10;
  Aside aside{kStackSize};
  uint64_t result = 0;
};

GUEST_TEST(Kretprobe, RecursionOfAThousandIsMatchedCallByCall) {
  if (personality::kStacksHaveOneSize) {
    SkipTest("this kernel's stacks have one size, and are too small");
    return;
  }
  ReturnProbes probes;
  GUEST_ASSERT(probes.ok());
  Watcher watcher(Sum);
  Followed followed("followed_sum", watcher);
  GUEST_ASSERT(followed.ok());
  Deep deep;
  RunOn(
      0,
      [](void* argument) {
        auto& self = *static_cast<Deep*>(argument);
        GUEST_ASSERT(self.aside.ok());
        self.result = self.aside.Sum(Deep::kDepth);
      },
      &deep);
  GUEST_EXPECT_EQ(deep.result, Sum(Deep::kDepth));
  GUEST_EXPECT_EQ(watcher.returned(), Deep::kDepth + 1);
  GUEST_EXPECT_EQ(watcher.wrong() + followed.missed(), 0);
  Line() << "  " << watcher.returned()
         << " calls in each other: " << watcher.wrong() << " wrong returns";
}

}  // namespace
}  // namespace guest::probes

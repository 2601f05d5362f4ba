// SPDX-License-Identifier: MIT
//
// A task that is preempted inside a slot while its probe is removed and the
// slot wanted by another, in the guest that preempts and lists where.
#include "core/base/atomic.h"
#include "core/memory/allocator.h"
#include "core/probes/kprobe.h"
#include "core/probes/return_hook.h"
#include "core/probes/return_pool.h"
#include "core/sync/read_section.h"
#include "core/sync/text_quiescence.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/personalities/plain/traps.h"
#include "testing/guest/probes/environment.h"

// Functions whose first instruction runs in a slot: of a detour, but for
// SlotBarrier and SlotOther, whose runs in one that jumps back. In
// slots_<cpu>.S.
extern "C" uint64_t SlotMultiply(uint64_t a, uint64_t b);
extern "C" uint64_t SlotBarrier(uint64_t a, uint64_t b);
extern "C" uint64_t SlotXor(uint64_t a, uint64_t b);
extern "C" uint64_t SlotOr(uint64_t a, uint64_t b);
extern "C" uint64_t SlotOther(uint64_t a, uint64_t b);
// The instruction by which the trampoline of a return gives interrupts back; 0
// where that was done before.
extern "C" const uint32_t SlotUnmask;

namespace guest::probes {
namespace {

using ebpf::AttachKprobe;
using ebpf::Kprobe;
using ebpf::KprobeConsumer;
using ebpf::Ref;
using ebpf::StringView;
using ebpf::machine::PtRegs;

/// Stays, with interrupts masked, until a tick is due.
void WaitForTick() {
  constexpr uint64_t kTickNs = 1'000'000'000 / kTickHertz;
  const uint64_t end = machine::Nanoseconds() + 3 * kTickNs;
  while (machine::Nanoseconds() < end) {
    machine::Relax();
  }
}

/// The interrupt comes where the trap returns to, at the first instruction in
/// the slot, or in a detour's where interrupts are as they were.
class LateForTick final : public KprobeConsumer {
 public:
  void Hit(PtRegs& /*regs*/) override {
    WaitForTick();
    hits.FetchAdd(1, ebpf::kRelease);
  }
  ebpf::Atomic<uint64_t> hits{0};
};

class LateReturn final : public ebpf::ReturnConsumer {
 public:
  void Returned(PtRegs& /*regs*/, const ebpf::ReturnedCall& /*c*/) override {
    WaitForTick();
    returns.FetchAdd(1, ebpf::kRelease);
  }
  ebpf::Atomic<uint64_t> returns{0};
};

class Ignorer final : public KprobeConsumer {
 public:
  void Hit(PtRegs& /*regs*/) override {}
};

/// The task.
struct Caller {
  uint64_t (*function)(uint64_t a, uint64_t b) = nullptr;
  uint64_t result = 0;
  ebpf::Atomic<bool> returned{false};
};

void Call(void* argument) {
  auto* caller = static_cast<Caller*>(argument);
  caller->result = caller->function(6, 7);
  caller->returned.Store(true, ebpf::kRelease);
}

Ref<Kprobe> Probe(StringView function, KprobeConsumer& consumer) {
  auto probe = AttachKprobe(function, 0, 0, consumer);
  if (!probe.ok() || !IsOk((*probe)->Enable())) {
    FailTest(__FILE__, __LINE__, "no probe");
    return Ref<Kprobe>();
  }
  return ebpf::Move(*probe);
}

/// What the task's call returns: it is preempted in the slot, the probe goes,
/// and another one wants a slot. `was_inside`: it had not returned by then.
uint64_t PreemptInSlot(bool detour, bool* was_inside) {
  LateForTick late;
  Ignorer ignorer;
  Caller caller;
  caller.function = detour ? SlotMultiply : SlotBarrier;
  Ref<Kprobe> probe = Probe(detour ? "SlotMultiply" : "SlotBarrier", late);
  const Ref<Kprobe> keeper = Probe("SlotOr", ignorer);  // keeps the page
  SetPreemptive(true);
  Thread* thread = Spawn("caller", machine::CpuId(), Call, &caller);
  if (thread == nullptr || !probe) {
    FailTest(__FILE__, __LINE__, "no memory");
    return 0;
  }
  // Pairs with the release in Hit: this goes on when the task is preempted.
  while (late.hits.Load(ebpf::kAcquire) == 0) {
    YieldOrWait();
  }
  SetPreemptive(false);
  probe->Detach();
  const Ref<Kprobe> other = Probe(detour ? "SlotXor" : "SlotOther", ignorer);
  GUEST_EXPECT_EQ(detour ? SlotXor(6, 7) : SlotOther(6, 7), 1);
  *was_inside = !caller.returned.Load(ebpf::kAcquire);
  Join(thread);
  return caller.result;
}

class Probes {
 public:
  Probes() {
    static constinit bool started = false;
    started = started || StartPort();
    ok_ = started && ebpf::InitReadSections() &&
          IsOk(ebpf::InitProbes(Machine(), ebpf::PortAllocator()));
  }
  ~Probes() {
    if (ok_) {
      GUEST_EXPECT(ebpf::ExitProbes());
      ebpf::ExitReadSections();
      GUEST_EXPECT_EQ(ebpf::PortAllocatedBytes(), 0);
    }
  }
  bool ok() const { return ok_; }

 private:
  bool ok_ = false;
};

/// Rounds in which the task was inside, and what all of its calls returned; on
/// a slow machine a tick may let it go on before the probe is removed.
void ExpectFromInside(bool detour, uint64_t result) {
  constexpr int kRounds = 20;
  constexpr int kMostRounds = 500;
  int inside = 0;
  for (int i = 0; i < kMostRounds && inside < kRounds; ++i) {
    bool was_inside = false;
    const uint64_t got = PreemptInSlot(detour, &was_inside);
    GUEST_EXPECT_EQ(got, was_inside ? result : 42);
    inside += was_inside ? 1 : 0;
  }
  GUEST_EXPECT_EQ(inside, kRounds);
}

void ExpectTheCheckToMatter(bool detour) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  ExpectFromInside(detour, 42);
  plain::ListSavedPcs(false);
  ExpectFromInside(detour, 6 ^ 7);
  plain::ListSavedPcs(true);
}

GUEST_TEST(Preempted, ATaskInASlotFinishesItsOwnInstructionByTheCheck) {
  ExpectTheCheckToMatter(false);
}

GUEST_TEST(Preempted, ATaskInADetourFinishesItsOwnInstructionByTheCheck) {
  ExpectTheCheckToMatter(true);
}

/// Whether a task was inside of a detour while slots of others came and went;
/// they were used again.
bool UseSlotsWhileATaskIsInADetour() {
  constexpr int kMoreThanAPage = 300;
  LateForTick late;
  Ignorer ignorer;
  Caller caller;
  caller.function = SlotMultiply;
  const Ref<Kprobe> probe = Probe("SlotMultiply", late);
  SetPreemptive(true);
  Thread* thread = Spawn("caller", machine::CpuId(), Call, &caller);
  if (thread == nullptr || !probe) {
    FailTest(__FILE__, __LINE__, "no memory");
    return false;
  }
  // As in PreemptInSlot.
  while (late.hits.Load(ebpf::kAcquire) == 0) {
    YieldOrWait();
  }
  SetPreemptive(false);
  const uint64_t bytes = ebpf::PortAllocatedBytes();
  for (int i = 0; i < kMoreThanAPage; ++i) {
    (void)Probe("SlotXor", ignorer);
  }
  GUEST_EXPECT_EQ(ebpf::PortAllocatedBytes(), bytes);
  const bool was_inside = !caller.returned.Load(ebpf::kAcquire);
  Join(thread);
  GUEST_EXPECT_EQ(caller.result, 42);
  return was_inside;
}

GUEST_TEST(Preempted, ATaskInADetourKeepsNoOtherSlot) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  int inside = 0;
  for (int i = 0; i < 100 && inside < 3; ++i) {
    inside += UseSlotsWhileATaskIsInADetour() ? 1 : 0;
  }
  GUEST_EXPECT_EQ(inside, 3);
}

/// The task that is preempted in the trampoline, and what it executed last.
struct InTrampoline {
  uint32_t count = 0;
  uint32_t last = 0;

  static void See(void* argument, uintptr_t pc) {
    const auto begin = reinterpret_cast<uintptr_t>(ebpf::ebpf_return_begin);
    const auto end = reinterpret_cast<uintptr_t>(ebpf::ebpf_return_end);
    if (pc > begin && pc < end) {
      auto& self = *static_cast<InTrampoline*>(argument);
      ++self.count;
      self.last = *reinterpret_cast<const uint32_t*>(pc - 4);
    }
  }
  static void Decide(void* /*argument*/, bool /*listed*/) {}
};

// x18 may be the CPU's own: it is not given back by a task that may be on
// another one meanwhile.
GUEST_TEST(Preempted, AReturnIsPreemptedOnlyWhenItsRegistersAreGivenBack) {
  if (SlotUnmask == 0) {
    SkipTest("interrupts are back before the trampoline is");
    return;
  }
  Probes probes;
  GUEST_ASSERT(probes.ok());
  GUEST_ASSERT(IsOk(ebpf::ReturnHook::Prepare()));
  InTrampoline inside;
  for (int i = 0; i < 100 && inside.count == 0; ++i) {
    LateReturn late;
    ebpf::ReturnHook hook(late);
    Caller caller;
    caller.function = SlotMultiply;
    const Ref<Kprobe> probe = Probe("SlotMultiply", hook);
    SetPreemptive(true);
    Thread* thread = Spawn("caller", machine::CpuId(), Call, &caller);
    GUEST_ASSERT(thread != nullptr);
    // Pairs with the release in Returned.
    while (late.returns.Load(ebpf::kAcquire) == 0) {
      YieldOrWait();
    }
    SetPreemptive(false);
    GUEST_EXPECT(IsOk(
        ebpf::InspectText({InTrampoline::See, InTrampoline::Decide, &inside})));
    Join(thread);
    GUEST_EXPECT_EQ(caller.result, 42);
    probe->Detach();
    hook.Cancel();
  }
  GUEST_EXPECT_EQ(inside.count, 1);
  GUEST_EXPECT_EQ(inside.last, SlotUnmask);
}

/// Breakpoints are hit, and go on to core.
constinit ebpf::Atomic<uint64_t> breakpoints{0};
bool CountBreakpoint(plain::TrapFrame& frame) {
  breakpoints.FetchAdd(1, ebpf::kRelaxed);
  return ebpf::OnBreakpoint(reinterpret_cast<PtRegs&>(frame));
}

/// Changes what is told.
class Changer final : public KprobeConsumer {
 public:
  void Hit(PtRegs& regs) override {
    ++hits;
    seen[0] = Argument(regs, 0);
    seen[1] = Argument(regs, 1);
    seen[2] = Pc(regs);
    SetArgument(regs, 0, 10);
    if (at_once) {
      ReturnAtOnce(regs, 77);
    }
  }
  bool at_once = false;
  uint64_t hits = 0;
  uint64_t seen[3] = {};
};

GUEST_TEST(Detour, TakesNoTrapAndGivesItsConsumersTheRegisters) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  plain::SetBreakpointHook(CountBreakpoint);
  Changer changer;
  {
    const Ref<Kprobe> probe = Probe("SlotMultiply", changer);
    GUEST_EXPECT_EQ(SlotMultiply(6, 7), 70);
    GUEST_EXPECT_EQ(changer.hits, 1);
    GUEST_EXPECT_EQ(changer.seen[0], 6);
    GUEST_EXPECT_EQ(changer.seen[1], 7);
    GUEST_EXPECT_EQ(changer.seen[2],
                    reinterpret_cast<uintptr_t>(&SlotMultiply));
    changer.at_once = true;
    GUEST_EXPECT_EQ(SlotMultiply(6, 7), 77);
    GUEST_EXPECT(machine::IrqsEnabled());
    const uintptr_t state = machine::IrqSave();
    GUEST_EXPECT_EQ(SlotMultiply(6, 7), 77);
    changer.at_once = false;
    GUEST_EXPECT_EQ(SlotMultiply(6, 7), 70);
    GUEST_EXPECT(!machine::IrqsEnabled());
    machine::IrqRestore(state);
    GUEST_EXPECT_EQ(breakpoints.Load(ebpf::kRelaxed), 0);
  }
  {
    changer.hits = 0;
    const Ref<Kprobe> probe = Probe("SlotBarrier", changer);
    GUEST_EXPECT_EQ(SlotBarrier(6, 7), 70);
    GUEST_EXPECT_EQ(changer.hits, 1);
    GUEST_EXPECT_EQ(breakpoints.Load(ebpf::kRelaxed), 1);
  }
  GUEST_EXPECT_EQ(SlotMultiply(6, 7), 42);
}

}  // namespace
}  // namespace guest::probes

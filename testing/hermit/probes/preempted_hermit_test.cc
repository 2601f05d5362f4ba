// SPDX-License-Identifier: MIT
//
// One trap or none in the real Hermit, and why that is safe there: a task that
// is preempted inside a slot, on the last CPU, while its probe is removed and
// the slot wanted by another.
#include "core/base/atomic.h"
#include "core/capi/ebpf.h"
#include "core/memory/allocator.h"
#include "core/platform/cpu.h"
#include "core/platform/text.h"
#include "core/platform/time.h"
#include "core/probes/kprobe.h"
#include "core/sync/read_section.h"
#include "machine/this_machine.h"
#include "ports/hermit/init.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"

// testing/guest/probes/slots_<cpu>.S: functions whose first instruction runs in
// a slot: of a detour, but for SlotBarrier and SlotOther, whose runs in one
// that jumps back.
extern "C" uint64_t SlotMultiply(uint64_t a, uint64_t b);
extern "C" uint64_t SlotBarrier(uint64_t a, uint64_t b);
extern "C" uint64_t SlotXor(uint64_t a, uint64_t b);
extern "C" uint64_t SlotOr(uint64_t a, uint64_t b);
extern "C" uint64_t SlotOther(uint64_t a, uint64_t b);

namespace hermit {
namespace {

using ebpf::AttachKprobe;
using ebpf::Kprobe;
using ebpf::KprobeConsumer;
using ebpf::Ref;
using ebpf::StringView;

/// Traps that breakpoints took.
constinit ebpf::Atomic<uint64_t> traps{0};
/// False: the port says that nobody was interrupted anywhere, which is a lie.
constinit ebpf::Atomic<bool> lists{true};

constexpr uint32_t kNapMicroseconds = 20'000;  // less, and Hermit would spin

bool ProbesAreUp() {
  static constinit bool up = false;
  up = up || (ebpf_hermit_start_port() == 0 && ebpf::InitReadSections() &&
              IsOk(ebpf::InitProbes(ebpf::machine::ThisMachine(),
                                    ebpf::PortAllocator())));
  return up;
}

/// Stays in its hit, with interrupts masked, until somebody's nap is over: the
/// interrupt then comes where the hit goes on, in the slot.
class LateForTimer final : public KprobeConsumer {
 public:
  void Hit(ebpf::machine::PtRegs& /*regs*/) override {
    const uint64_t end = ebpf_port_time_ns() + 2'000 * kNapMicroseconds;
    while (ebpf_port_time_ns() < end) {
    }
    hits.FetchAdd(1, ebpf::kRelease);
  }
  ebpf::Atomic<uint64_t> hits{0};
};

uint32_t LastCpu() { return ebpf_port_cpu_count() - 1; }

/// Whose nap is over while a task of its CPU is late: this one, where there is
/// one CPU, or a task of its own, which then keeps the CPU until Rest().
class Napper {
 public:
  explicit Napper(const LateForTimer& late) : late_(late) {
    if (LastCpu() != 0) {
      constexpr uint8_t kHighPriority =
          3;  // so that nobody takes turns with it
      constexpr size_t kStackSize = 64 << 10;
      const uintptr_t interrupts = ebpf_port_irq_save();
      task_ = sys_spawn2(&NapAndHold, reinterpret_cast<uintptr_t>(this),
                         kHighPriority, kStackSize, LastCpu());
      ebpf_port_irq_restore(interrupts);
    }
  }

  /// Until the task that hits is no longer on its CPU.
  void Wait() {
    // Pairs with the release in Hit, or in NapAndHold.
    while (LastCpu() == 0 ? !IsHit() : !holds_.Load(ebpf::kAcquire)) {
      if (LastCpu() == 0) {
        sys_usleep(kNapMicroseconds);
      } else {
        ebpf_port_relax();
      }
    }
  }

  void Rest() {
    if (LastCpu() != 0) {
      rests_.Store(true, ebpf::kRelease);
      sys_join(task_);
    }
  }

 private:
  bool IsHit() const { return late_.hits.Load(ebpf::kAcquire) != 0; }

  static void NapAndHold(uintptr_t argument) {
    auto* self = reinterpret_cast<Napper*>(argument);
    LetInterruptsIn();
    while (!self->IsHit()) {
      sys_usleep(kNapMicroseconds);
    }
    self->holds_.Store(true, ebpf::kRelease);
    while (!self->rests_.Load(ebpf::kAcquire)) {
      ebpf_port_relax();
    }
  }

  const LateForTimer& late_;
  int32_t task_ = -1;
  ebpf::Atomic<bool> holds_{false};
  ebpf::Atomic<bool> rests_{false};
};

class Counter final : public KprobeConsumer {
 public:
  void Hit(ebpf::machine::PtRegs& /*regs*/) override { ++hits; }
  uint64_t hits = 0;
};

struct Caller {
  uint64_t (*function)(uint64_t a, uint64_t b) = nullptr;
  uint64_t result = 0;
  ebpf::Atomic<bool> returned{false};
};

void Call(uintptr_t argument) {
  auto* caller = reinterpret_cast<Caller*>(argument);
  LetInterruptsIn();
  caller->result = caller->function(6, 7);
  caller->returned.Store(true, ebpf::kRelease);
}

Ref<Kprobe> Probe(StringView function, KprobeConsumer& consumer) {
  auto probe = AttachKprobe(function, 0, 0, consumer);
  if (!probe.ok() || !IsOk((*probe)->Enable())) {
    guest::FailTest(__FILE__, __LINE__, "no probe");
    return Ref<Kprobe>();
  }
  return ebpf::Move(*probe);
}

/// What the task's call returns: it is preempted in the slot, the probe goes,
/// and another one wants a slot. `was_inside`: it had not returned by then.
uint64_t PreemptInSlot(bool detour, bool* was_inside) {
  LateForTimer late;
  Counter ignorer;
  Caller caller;
  caller.function = detour ? SlotMultiply : SlotBarrier;
  Ref<Kprobe> probe = Probe(detour ? "SlotMultiply" : "SlotBarrier", late);
  const Ref<Kprobe> keeper = Probe("SlotOr", ignorer);  // keeps the page
  Napper napper(late);
  const int32_t task =
      SpawnOn(LastCpu(), &Call, reinterpret_cast<uintptr_t>(&caller));
  if (task < 0 || !probe) {
    guest::FailTest(__FILE__, __LINE__, "no memory");
    return 0;
  }
  napper.Wait();
  probe->Detach();
  const Ref<Kprobe> other = Probe(detour ? "SlotXor" : "SlotOther", ignorer);
  GUEST_EXPECT_EQ(detour ? SlotXor(6, 7) : SlotOther(6, 7), 1);
  *was_inside = !caller.returned.Load(ebpf::kAcquire);
  napper.Rest();
  sys_join(task);
  return caller.result;
}

/// Rounds in which the task was inside, and what all of its calls returned; a
/// timer may let it go on before the probe is removed.
void ExpectFromInside(bool detour, uint64_t result) {
  constexpr int kRounds = 10;
  constexpr int kMostRounds = 200;
  int inside = 0;
  for (int i = 0; i < kMostRounds && inside < kRounds; ++i) {
    bool was_inside = false;
    const uint64_t got = PreemptInSlot(detour, &was_inside);
    // One that went on meanwhile may have done so there, too.
    GUEST_EXPECT(got == result || (!was_inside && got == 42));
    inside += was_inside ? 1 : 0;
  }
  GUEST_EXPECT_EQ(inside, kRounds);
}

void ExpectTheCheckToMatter(bool detour) {
  GUEST_ASSERT(ProbesAreUp());
  ExpectFromInside(detour, 42);
  lists.Store(false, ebpf::kRelaxed);
  ExpectFromInside(detour, 6 ^ 7);
  lists.Store(true, ebpf::kRelaxed);
}

GUEST_TEST(Preempted, ATaskInASlotFinishesItsOwnInstructionByTheCheck) {
  ExpectTheCheckToMatter(false);
}

GUEST_TEST(Preempted, ATaskInADetourFinishesItsOwnInstructionByTheCheck) {
  ExpectTheCheckToMatter(true);
}

/// Traps that 100 hits take.
uint64_t TrapsOf(StringView name, uint64_t (*function)(uint64_t, uint64_t)) {
  Counter counter;
  const Ref<Kprobe> probe = Probe(name, counter);
  const uint64_t before = traps.Load(ebpf::kRelaxed);
  for (int i = 0; i < 100; ++i) {
    GUEST_EXPECT_EQ(function(6, 7), 42);
  }
  GUEST_EXPECT_EQ(counter.hits, 100);
  return traps.Load(ebpf::kRelaxed) - before;
}

GUEST_TEST(Traps, AreOneForASlotAndNoneForADetour) {
  GUEST_ASSERT(ProbesAreUp());
  GUEST_EXPECT_EQ(TrapsOf("SlotBarrier", SlotBarrier), 100);
  GUEST_EXPECT_EQ(TrapsOf("SlotMultiply", SlotMultiply), 0);
}

}  // namespace
}  // namespace hermit

// The image is linked with --wrap: the port's calls of these come here.
extern "C" {

bool __real_ebpf_on_breakpoint(ebpf_pt_regs* regs);
[[gnu::section("ebpf_noprobe")]] bool __wrap_ebpf_on_breakpoint(
    ebpf_pt_regs* regs) {
  hermit::traps.FetchAdd(1, ebpf::kRelaxed);
  return __real_ebpf_on_breakpoint(regs);
}

int __real_ebpf_port_saved_pcs(void (*see)(void* argument, uintptr_t pc),
                               void* argument);
int __wrap_ebpf_port_saved_pcs(void (*see)(void* argument, uintptr_t pc),
                               void* argument) {
  return hermit::lists.Load(ebpf::kRelaxed)
             ? __real_ebpf_port_saved_pcs(see, argument)
             : 0;
}

}  // extern "C"

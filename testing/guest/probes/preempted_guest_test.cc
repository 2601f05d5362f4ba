// SPDX-License-Identifier: MIT
//
// A task that is preempted inside a slot while its probe is removed and the
// slot wanted by another, in the guest that preempts and lists where.
#include "core/base/atomic.h"
#include "core/memory/allocator.h"
#include "core/probes/kprobe.h"
#include "core/sync/read_section.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/probes/environment.h"

// Functions whose first instruction runs in a slot.
extern "C" uint64_t SlotMultiply(uint64_t a, uint64_t b);
extern "C" uint64_t SlotXor(uint64_t a, uint64_t b);
extern "C" uint64_t SlotOr(uint64_t a, uint64_t b);
asm(R"(
        .text
        .balign 4
        .globl SlotMultiply, SlotXor, SlotOr
        .type SlotMultiply, @function
        .type SlotXor, @function
        .type SlotOr, @function
SlotMultiply:
        mul x0, x0, x1
        ret
        .size SlotMultiply, . - SlotMultiply
SlotXor:
        eor x0, x0, x1
        ret
        .size SlotXor, . - SlotXor
SlotOr:
        orr x0, x0, x1
        ret
        .size SlotOr, . - SlotOr
)");

namespace guest::probes {
namespace {

using ebpf::AttachKprobe;
using ebpf::Kprobe;
using ebpf::KprobeConsumer;
using ebpf::Ref;
using ebpf::StringView;
using ebpf::machine::PtRegs;

/// Stays in its hit, with interrupts masked, until a tick is due: the interrupt
/// then comes where the trap returns to, at the first instruction in the slot.
class LateForTick final : public KprobeConsumer {
 public:
  void Hit(PtRegs& /*regs*/) override {
    constexpr uint64_t kTickNs = 1'000'000'000 / kTickHertz;
    const uint64_t end = machine::Nanoseconds() + 3 * kTickNs;
    while (machine::Nanoseconds() < end) {
      machine::Relax();
    }
    hits.FetchAdd(1, ebpf::kRelease);
  }
  ebpf::Atomic<uint64_t> hits{0};
};

class Ignorer final : public KprobeConsumer {
 public:
  void Hit(PtRegs& /*regs*/) override {}
};

/// The task.
struct Caller {
  uint64_t result = 0;
  ebpf::Atomic<bool> returned{false};
};

void CallMultiply(void* argument) {
  auto* caller = static_cast<Caller*>(argument);
  caller->result = SlotMultiply(6, 7);
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
uint64_t PreemptInSlot(bool* was_inside) {
  LateForTick late;
  Ignorer ignorer;
  Caller caller;
  Ref<Kprobe> probe = Probe("SlotMultiply", late);
  const Ref<Kprobe> keeper = Probe("SlotOr", ignorer);  // keeps the page
  SetPreemptive(true);
  Thread* thread = Spawn("caller", machine::CpuId(), CallMultiply, &caller);
  if (thread == nullptr || !probe) {
    FailTest(__FILE__, __LINE__, "no memory");
    return 0;
  }
  // Pairs with the release in Hit: this goes on when the task is preempted.
  while (late.hits.Load(ebpf::kAcquire) == 0) {
    YieldOrWait();
  }
  PreemptDisable();
  probe->Detach();
  const Ref<Kprobe> other = Probe("SlotXor", ignorer);
  GUEST_EXPECT_EQ(SlotXor(6, 7), 1);
  *was_inside = !caller.returned.Load(ebpf::kAcquire);
  PreemptEnable();
  Join(thread);
  SetPreemptive(false);
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
void ExpectFromInside(uint64_t result) {
  constexpr int kRounds = 20;
  constexpr int kMostRounds = 500;
  int inside = 0;
  for (int i = 0; i < kMostRounds && inside < kRounds; ++i) {
    bool was_inside = false;
    const uint64_t got = PreemptInSlot(&was_inside);
    GUEST_EXPECT_EQ(got, was_inside ? result : 42);
    inside += was_inside ? 1 : 0;
  }
  GUEST_EXPECT_EQ(inside, kRounds);
}

GUEST_TEST(Preempted, ATaskInASlotFinishesItsOwnInstruction) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  ExpectFromInside(42);
}

GUEST_TEST(Preempted, WithoutTheCheckItRunsAnothersInstruction) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  plain::ListSavedPcs(false);
  ExpectFromInside(6 ^ 7);
  plain::ListSavedPcs(true);
}

}  // namespace
}  // namespace guest::probes

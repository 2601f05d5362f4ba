// SPDX-License-Identifier: MIT
//
// Detours whose jump covers several instructions, in a guest that preempts: a
// task inside of the window, and one inside of the slot.
#include "core/base/atomic.h"
#include "core/memory/allocator.h"
#include "core/probes/kprobe.h"
#include "core/sync/read_section.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/dragonos/interruption.h"
#include "testing/guest/personalities/dragonos/odd_place.h"
#include "testing/guest/probes/environment.h"

// Functions that a jump can stand at the beginning of. Their first instruction
// is emulated, so that a trap of its breakpoint goes on at the second.
extern "C" uint64_t WindowMultiply(uint64_t a, uint64_t b);
extern "C" uint64_t WindowXor(uint64_t a, uint64_t b);
asm(R"(
        .text
        .balign 16
        .globl WindowMultiply, WindowXor
        .type WindowMultiply, @function
        .type WindowXor, @function
WindowMultiply:
        mov %rdi, %rax
        nop
        imul %rsi, %rax
        ret
        .size WindowMultiply, . - WindowMultiply
WindowXor:
        mov %rdi, %rax
        nop
        xor %rsi, %rax
        ret
        .size WindowXor, . - WindowXor
)");

namespace guest::probes {
namespace {

using ebpf::AttachKprobe;
using ebpf::Kprobe;
using ebpf::KprobeConsumer;
using ebpf::Ref;
using ebpf::StringView;
using ebpf::machine::PtRegs;

constexpr uint64_t kLast = 4;    // where the last instruction of a window is
constexpr uint64_t kWindow = 8;  // WindowMultiply's
constexpr uint8_t kJump = 0xe9;
constexpr uint8_t kInt3 = 0xcc;

template <typename Function>
uint8_t FirstByteOf(Function* function) {
  return *reinterpret_cast<const volatile uint8_t*>(function);
}

class Ignorer final : public KprobeConsumer {
 public:
  void Hit(PtRegs& /*regs*/) override {}
};

/// Stays in its hit, with interrupts masked, until a tick is due: the interrupt
/// then comes where the hit goes on.
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

struct Caller {
  uint64_t result = 0;
  ebpf::Atomic<bool> returned{false};
};

void CallMultiply(void* argument) {
  auto* caller = static_cast<Caller*>(argument);
  caller->result = WindowMultiply(6, 7);
  caller->returned.Store(true, ebpf::kRelease);
}

Ref<Kprobe> Probe(StringView function, uint64_t offset,
                  KprobeConsumer& consumer) {
  auto probe = AttachKprobe(function, 0, offset, consumer);
  if (!probe.ok() || !IsOk((*probe)->Enable())) {
    FailTest(__FILE__, __LINE__, "no probe");
    return Ref<Kprobe>();
  }
  return ebpf::Move(*probe);
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
    }
  }
  bool ok() const { return ok_; }

 private:
  bool ok_ = false;
};

/// A task that calls WindowMultiply, and is preempted right behind `late`'s
/// hit; nobody is from then on. Null: no memory.
Thread* SpawnPreempted(Caller& caller, LateForTick& late) {
  SetPreemptive(true);
  Thread* thread = Spawn("caller", machine::CpuId(), CallMultiply, &caller);
  if (thread == nullptr) {
    FailTest(__FILE__, __LINE__, "no memory");
    return nullptr;
  }
  // Pairs with the release in Hit: this goes on when the task is preempted.
  while (late.hits.Load(ebpf::kAcquire) == 0) {
    YieldOrWait();
  }
  SetPreemptive(false);
  return thread;
}

/// Rounds in which the task was where it should be; on a slow machine a tick
/// may let it go on before.
template <typename Round>
void Repeat(Round round) {
  constexpr int kRounds = 20;
  constexpr int kMostRounds = 500;
  int good = 0;
  for (int i = 0; i < kMostRounds && good < kRounds; ++i) {
    good += round() ? 1 : 0;
  }
  GUEST_EXPECT_EQ(good, kRounds);
}

/// A task goes on at the second instruction of the window while the jump is
/// wanted; `expected` is what stands there. Whether the task was there.
bool JumpOverATask(uint8_t expected) {
  Caller caller;
  LateForTick late;
  Ignorer ignorer;
  // A probe inside keeps the first one's breakpoint.
  Ref<Kprobe> inside = Probe("WindowMultiply", kLast, ignorer);
  Ref<Kprobe> first = Probe("WindowMultiply", 0, late);
  GUEST_EXPECT_EQ(FirstByteOf(WindowMultiply), kInt3);
  Thread* thread = SpawnPreempted(caller, late);
  if (thread == nullptr) {
    return false;
  }
  first->Detach();
  inside->Detach();
  Ref<Kprobe> again = Probe("WindowMultiply", 0, ignorer);
  const bool was_inside = !caller.returned.Load(ebpf::kAcquire);
  if (was_inside) {
    GUEST_EXPECT_EQ(FirstByteOf(WindowMultiply), expected);
  }
  if (expected != kInt3) {
    again->Detach();  // or the task would go on in the midst of the jump
  }
  Join(thread);
  GUEST_EXPECT_EQ(caller.result, 42);
  if (expected == kInt3) {
    // It is gone.
    GUEST_EXPECT(IsOk(again->Enable()));
    GUEST_EXPECT_EQ(FirstByteOf(WindowMultiply), kJump);
    GUEST_EXPECT_EQ(WindowMultiply(6, 7), 42);
  }
  return was_inside;
}

GUEST_TEST(Preempted, NoJumpIsWrittenOverATaskByTheCheck) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  Repeat([] { return JumpOverATask(kInt3); });
  dragonos::tells.Store(dragonos::Tells::kNotWhomItPreempts, ebpf::kRelaxed);
  Repeat([] { return JumpOverATask(kJump); });
  dragonos::tells.Store(dragonos::Tells::kAll, ebpf::kRelaxed);
}

/// The probe of a task in its slot goes, and another one wants a slot.
bool ReuseATasksSlot(uint64_t expected) {
  Caller caller;
  LateForTick late;
  Ignorer ignorer;
  Ref<Kprobe> probe = Probe("WindowMultiply", 0, late);
  GUEST_EXPECT_EQ(FirstByteOf(WindowMultiply), kJump);
  Thread* thread = SpawnPreempted(caller, late);
  if (thread == nullptr) {
    return false;
  }
  probe->Detach();
  const Ref<Kprobe> other = Probe("WindowXor", 0, ignorer);
  GUEST_EXPECT_EQ(FirstByteOf(WindowXor), kJump);
  GUEST_EXPECT_EQ(WindowXor(6, 7), 1);
  const bool was_inside = !caller.returned.Load(ebpf::kAcquire);
  Join(thread);
  GUEST_EXPECT_EQ(caller.result, was_inside ? expected : 42);
  return was_inside;
}

GUEST_TEST(Preempted, ATaskInADetourFinishesItsOwnWindowByTheCheck) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  Repeat([] { return ReuseATasksSlot(42); });
  dragonos::tells.Store(dragonos::Tells::kNotWhomItPreempts, ebpf::kRelaxed);
  Repeat([] { return ReuseATasksSlot(6 ^ 7); });
  dragonos::tells.Store(dragonos::Tells::kAll, ebpf::kRelaxed);
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
  Changer changer;
  {
    const Ref<Kprobe> probe = Probe("WindowMultiply", 0, changer);
    GUEST_EXPECT_EQ(FirstByteOf(WindowMultiply), kJump);
    GUEST_EXPECT_EQ(WindowMultiply(6, 7), 70);
    GUEST_EXPECT_EQ(changer.hits, 1);
    GUEST_EXPECT_EQ(changer.seen[0], 6);
    GUEST_EXPECT_EQ(changer.seen[1], 7);
    GUEST_EXPECT_EQ(changer.seen[2],
                    reinterpret_cast<uintptr_t>(&WindowMultiply));
    changer.at_once = true;
    GUEST_EXPECT_EQ(WindowMultiply(6, 7), 77);
    GUEST_EXPECT(machine::IrqsEnabled());
    const uintptr_t state = machine::IrqSave();
    GUEST_EXPECT_EQ(WindowMultiply(6, 7), 77);
    changer.at_once = false;
    GUEST_EXPECT_EQ(WindowMultiply(6, 7), 70);
    GUEST_EXPECT(!machine::IrqsEnabled());
    machine::IrqRestore(state);
  }
  GUEST_EXPECT_EQ(WindowMultiply(6, 7), 42);
}

GUEST_TEST(Detour, CoversNoPlaceWhereTheKernelGoesOnByItself) {
  Probes probes;
  GUEST_ASSERT(probes.ok());
  Ignorer ignorer;
  const auto address = reinterpret_cast<uintptr_t>(&WindowMultiply);
  for (uintptr_t at = 0; at <= kWindow; ++at) {
    dragonos::odd_place = {address + at, address + at + 1};
    const Ref<Kprobe> probe = Probe("WindowMultiply", 0, ignorer);
    GUEST_EXPECT_EQ(FirstByteOf(WindowMultiply), at < kWindow ? kInt3 : kJump);
  }
  dragonos::odd_place = {0, 0};
}

}  // namespace
}  // namespace guest::probes

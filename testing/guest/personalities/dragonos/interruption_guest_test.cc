// SPDX-License-Identifier: MIT
//
// What ports/dragonos knows of other contexts: where interrupted code goes on,
// and where stacks begin. Part of port_guest_test's image.
#include "core/base/atomic.h"
#include "core/platform/stack.h"
#include "core/platform/text.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/x86_64/trap_frame.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/dragonos/current.h"
#include "testing/guest/personalities/dragonos/interruption.h"
#include "testing/guest/personalities/dragonos/user_space.h"

namespace guest {
namespace {

template <typename T>
uintptr_t AddressOf(T* object) {
  return reinterpret_cast<uintptr_t>(object);
}

// --- Stacks ---------------------------------------------------------------

struct Bounds {
  uintptr_t sp = 0;
  uintptr_t begin = 0;
  uintptr_t end = 0;
};

void LookAtStack(void* argument) {
  auto* bounds = static_cast<Bounds*>(argument);
  bounds->sp = AddressOf(__builtin_frame_address(0));
  (void)ebpf_port_stack_bounds(bounds->sp, &bounds->begin, &bounds->end);
}

GUEST_TEST(DragonOsPort, KnowsTheBoundsOfEachTasksStack) {
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    Bounds bounds;
    Thread* thread = Spawn("stack", cpu, LookAtStack, &bounds);
    GUEST_ASSERT(thread != nullptr);
    const uintptr_t stack = AddressOf(thread->stack);
    Join(thread);
    GUEST_EXPECT_EQ(bounds.begin, stack);
    GUEST_EXPECT_EQ(bounds.end, stack + dragonos::kStackSize);
  }
  Bounds user;
  GUEST_EXPECT(!ebpf_port_stack_bounds(dragonos::kUserBegin + 8, &user.begin,
                                       &user.end));
}

// --- Where interrupted code goes on ---------------------------------------

/// A place, and how often it is listed.
struct Listed {
  uintptr_t pc = 0;
  int times = 0;
  int status = 0;
};

int ListPlaces(void* argument) {
  auto* listed = static_cast<Listed*>(argument);
  listed->status = ebpf_port_saved_pcs(
      [](void* self, uintptr_t pc) {
        auto* place = static_cast<Listed*>(self);
        place->times += pc == place->pc ? 1 : 0;
      },
      argument);
  return 0;
}

Listed ListOnce(uintptr_t pc) {
  Listed listed = {.pc = pc};
  int result = 0;
  GUEST_EXPECT_EQ(ebpf_port_stop_machine(ListPlaces, &listed, &result), 0);
  return listed;
}

dragonos_trap_frame FrameAt(uint64_t pc, uint64_t selector) {
  dragonos_trap_frame frame = {};
  frame.rip = pc;
  frame.cs = selector;
  return frame;
}

constexpr uint64_t kKernelCode = 0x08;
constexpr uint64_t kUserCode = 0x33;

/// As a kernel's handler does it; resuming leaves interrupts masked.
size_t Interrupt(const dragonos_trap_frame& frame) {
  const uintptr_t irq = machine::IrqSave();
  const size_t interruption = ebpf_dragonos_interrupted(&frame);
  machine::IrqRestore(irq);
  return interruption;
}

void Resume(size_t interruption) {
  const uintptr_t irq = machine::IrqSave();
  ebpf_dragonos_resume(interruption);
  GUEST_EXPECT(!machine::IrqsEnabled());
  machine::IrqRestore(irq);
}

GUEST_TEST(DragonOsPort, ListsWhereInterruptedCodeGoesOnUntilItDoes) {
  GUEST_EXPECT_EQ(ebpf_port_preemption(), EBPF_PREEMPTION_LISTED);
  constexpr uintptr_t kPc = 0xffff'8000'1234'5678;
  const dragonos_trap_frame frame = FrameAt(kPc, kKernelCode);
  GUEST_EXPECT_EQ(ListOnce(kPc).times, 0);
  const size_t outer = Interrupt(frame);
  const size_t inner = Interrupt(frame);
  GUEST_EXPECT_EQ(ListOnce(kPc).times, 2);
  Resume(inner);
  GUEST_EXPECT_EQ(ListOnce(kPc).times, 1);
  // A task may go on elsewhere, after others that came later.
  const size_t later = Interrupt(frame);
  Resume(outer);
  GUEST_EXPECT_EQ(ListOnce(kPc).times, 1);
  Resume(later);
  GUEST_EXPECT_EQ(ListOnce(kPc).times, 0);
}

GUEST_TEST(DragonOsPort, AProcessThatIsInterruptedIsNoPlaceOfTheKernel) {
  constexpr uintptr_t kPc = 0x1234'5678;
  const dragonos_trap_frame frame = FrameAt(kPc, kUserCode);
  const size_t interruption = Interrupt(frame);
  GUEST_EXPECT_EQ(ListOnce(kPc).times, 0);
  ebpf_dragonos_resume(interruption);
  GUEST_EXPECT(machine::IrqsEnabled());
}

GUEST_TEST(DragonOsPort, SaysSoWhenThereAreMoreInterruptionsThanItCanList) {
  constexpr uintptr_t kPc = 0xffff'8000'1234'5678;
  constexpr size_t kMany = 1100;
  static constinit size_t interruptions[kMany] = {};
  const dragonos_trap_frame frame = FrameAt(kPc, kKernelCode);
  for (size_t& interruption : interruptions) {
    interruption = Interrupt(frame);
  }
  GUEST_EXPECT_EQ(ebpf_port_preemption(), EBPF_PREEMPTION_UNKNOWN);
  GUEST_EXPECT_EQ(ListOnce(kPc).status, -95);
  for (const size_t interruption : interruptions) {
    Resume(interruption);
  }
  // The other CPU comes to this one after the last that found no place.
  const Listed listed = ListOnce(kPc);
  GUEST_EXPECT_EQ(ebpf_port_preemption(), EBPF_PREEMPTION_LISTED);
  GUEST_EXPECT_EQ(listed.status, 0);
  GUEST_EXPECT_EQ(listed.times, 0);
}

/// A function that a task is preempted in: two instructions, for ever.
extern "C" void SpinUntil(const volatile bool* end);
asm(R"(
        .text
        .balign 16
        .globl SpinUntil
        .type SpinUntil, @function
SpinUntil:
        cmpb    $0, (%rdi)
        je      SpinUntil
        ret
        .size SpinUntil, . - SpinUntil
)");

struct Spin {
  volatile bool end = false;
};

/// How often a place in SpinUntil is listed, in so many looks.
int CountInSpin(int looks) {
  int times = 0;
  const uintptr_t begin = AddressOf(&SpinUntil);
  for (int i = 0; i < looks; ++i) {
    times += ListOnce(begin).times + ListOnce(begin + 3).times;
    SleepTicks(1);
  }
  return times;
}

GUEST_TEST(DragonOsPort, ListsATaskThatIsPreempted) {
  SetPreemptive(true);
  Spin spin;
  // On this CPU: when this looks, the other is switched away.
  Thread* thread = Spawn(
      "spin", machine::CpuId(),
      [](void* argument) { SpinUntil(&static_cast<Spin*>(argument)->end); },
      &spin);
  GUEST_ASSERT(thread != nullptr);
  SleepTicks(3);
  const int told = CountInSpin(10);
  dragonos::tells.Store(dragonos::Tells::kNotWhomItPreempts, ebpf::kRelaxed);
  SleepTicks(3);
  const int not_told = CountInSpin(10);
  dragonos::tells.Store(dragonos::Tells::kAll, ebpf::kRelaxed);
  spin.end = true;
  Join(thread);
  GUEST_EXPECT_EQ(told, 10);
  GUEST_EXPECT_EQ(not_told, 0);
}

// The last one: what it shows lasts.
GUEST_TEST(DragonOsPort, DoesNotBelieveAKernelThatTellsNothing) {
  GUEST_EXPECT_EQ(ebpf_port_preemption(), EBPF_PREEMPTION_LISTED);
  dragonos::tells.Store(dragonos::Tells::kNothing, ebpf::kRelaxed);
  GUEST_EXPECT_EQ(ListOnce(0).status, OnlineCpus() > 1 ? -95 : 0);
  dragonos::tells.Store(dragonos::Tells::kAll, ebpf::kRelaxed);
  GUEST_EXPECT_EQ(ListOnce(0).status, OnlineCpus() > 1 ? -95 : 0);
  GUEST_EXPECT_EQ(ebpf_port_preemption(), OnlineCpus() > 1
                                              ? EBPF_PREEMPTION_UNKNOWN
                                              : EBPF_PREEMPTION_LISTED);
}

}  // namespace
}  // namespace guest

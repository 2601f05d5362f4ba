// SPDX-License-Identifier: MIT
//
// That the personality behaves as DragonOS does, without the port: this file
// has the hooks.
#include "core/platform/cpu.h"
#include "core/platform/task.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/x86_64/kernel.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/dragonos/current.h"
#include "testing/guest/personalities/dragonos/int3.h"
#include "testing/guest/x86_64/registers.h"

extern "C" {
extern const char guest_text_begin[];
extern const char guest_rodata_begin[];
}

namespace guest {
namespace {

constinit dragonos_trap_frame seen = {};
constinit uintptr_t frame_address = 0;
constinit bool interrupts_in_hook = false;
constinit ebpf::Atomic<uint32_t> softirqs{0};
constinit ebpf::Atomic<uint32_t> ipis[kMaxCpus] = {};
constinit bool interrupts_in_ipi = true;
constinit ebpf::Atomic<uint32_t> ticks[kMaxCpus] = {};
constinit ebpf::Atomic<uint32_t> bad_ticks{0};
constinit uintptr_t fault_goes_on_at = 0;

uintptr_t AddressOf(const void* object) {
  return reinterpret_cast<uintptr_t>(object);
}

GUEST_TEST(DragonOs, TheImageLiesInTheDirectMapWhereDragonOsIs) {
  GUEST_EXPECT(AddressOf(guest_text_begin) >= 0xffff'8000'0010'0000);
  GUEST_EXPECT(AddressOf(guest_text_begin) < 0xffff'8000'0020'0000);
  GUEST_EXPECT_EQ(machine::DirectMapBase(), 0xffff'8000'0000'0000);
}

GUEST_TEST(DragonOs, TextAndConstantsAreReadOnlyInSmallPages) {
  machine::Mapping mapping = {};
  GUEST_ASSERT(machine::Query(AddressOf(guest_text_begin), &mapping));
  GUEST_EXPECT_EQ(mapping.leaf, kPageSize);
  GUEST_EXPECT_EQ(mapping.protection, machine::kExecute);
  GUEST_ASSERT(machine::Query(AddressOf(guest_rodata_begin), &mapping));
  GUEST_EXPECT_EQ(mapping.leaf, kPageSize);
  GUEST_EXPECT_EQ(mapping.protection, machine::kReadOnly);
}

GUEST_TEST(DragonOs, AllOtherRamCanBeWrittenAndExecuted) {
  auto* page = static_cast<uint8_t*>(AllocatePages(1));
  GUEST_ASSERT(page != nullptr);
  constexpr uint8_t kReturn = 0xc3;
  page[0] = kReturn;
  GUEST_EXPECT(machine::TryCall(AddressOf(page)));
  uint8_t on_stack[1] = {kReturn};
  GUEST_EXPECT(machine::TryCall(AddressOf(on_stack)));
  FreePages(page, 1);
}

GUEST_TEST(DragonOs, TheCurrentTaskIsFoundByTheStackPointer) {
  GUEST_EXPECT_EQ(personality::kStackSize, 0x8000);
  GUEST_EXPECT(dragonos::Current() == CurrentThread());
  GUEST_EXPECT_EQ(ebpf_port_task_pid(), CurrentThread()->id);
}

void See(dragonos_trap_frame& frame) {
  seen = frame;
  frame_address = AddressOf(&frame);
  interrupts_in_hook = machine::IrqsEnabled();
}

GUEST_TEST(DragonOs, ABreakpointKeepsInterruptsAsTheyWere) {
  dragonos::int3_observer = See;
  machine::Breakpoint();
  GUEST_EXPECT(interrupts_in_hook);
  const uintptr_t irq = machine::IrqSave();
  machine::Breakpoint();
  GUEST_EXPECT(!interrupts_in_hook);
  machine::IrqRestore(irq);
}

GUEST_TEST(DragonOs, TheFrameLiesRightBelowTheInterruptedStack) {
  dragonos::int3_observer = See;
  machine::Breakpoint();
  // The CPU aligns down to 16 and pushes there; the frame has 24 words.
  GUEST_EXPECT_EQ(frame_address + 24 * 8, seen.rsp & ~uintptr_t{15});
  GUEST_EXPECT_EQ(seen.cs, 8);
  GUEST_EXPECT_EQ(seen.ss, 0x10);
  GUEST_EXPECT_EQ(seen.errcode, 0);
}

GUEST_TEST(DragonOs, AnUnclaimedBreakpointIsSwallowed) {
  dragonos::int3_observer = nullptr;
  machine::Breakpoint();
}

GUEST_TEST(DragonOs, TheFaultHookDecidesWhereToGoOn) {
  // movb (%rdi), %al of TryLoad8 faults; the hook sends it where the fix-up
  // would, so that it returns false without the fix-up.
  uint8_t value = 0;
  fault_goes_on_at = 0;
  GUEST_EXPECT(!machine::TryLoad8(0x1000, &value));
  uintptr_t sp = 0;
  fault_goes_on_at = machine::FaultFixup(seen.rip, &sp);
  GUEST_ASSERT(fault_goes_on_at != 0);
  GUEST_EXPECT(!machine::TryLoad8(0x1000, &value));
  GUEST_EXPECT(!machine::TryLoad8(uintptr_t{1} << 62, &value));  // #GP
  fault_goes_on_at = 0;
}

GUEST_TEST(DragonOs, ASoftirqRunsAtTheEndOfAnInterrupt) {
  const uint32_t before = softirqs.Load(ebpf::kAcquire);
  const uintptr_t irq = machine::IrqSave();
  dragonos_raise_softirq();
  GUEST_EXPECT_EQ(softirqs.Load(ebpf::kAcquire), before);
  machine::IrqRestore(irq);
  SleepTicks(2);
  GUEST_EXPECT_EQ(softirqs.Load(ebpf::kAcquire), before + 1);
}

GUEST_TEST(DragonOs, AnIpiReachesEachCpuWithInterruptsMasked) {
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    const uint32_t before = ipis[cpu].Load(ebpf::kAcquire);
    dragonos_send_ipi(cpu);
    SleepTicks(2);
    GUEST_EXPECT_EQ(ipis[cpu].Load(ebpf::kAcquire), before + 1);
  }
  GUEST_EXPECT(!interrupts_in_ipi);
}

GUEST_TEST(DragonOs, EachCpuTicksWithInterruptsMaskedAndTellsWhatItInterrupts) {
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    const uint32_t before = ticks[cpu].Load(ebpf::kAcquire);
    SleepTicks(5);
    GUEST_EXPECT(ticks[cpu].Load(ebpf::kAcquire) > before);
  }
  GUEST_EXPECT_EQ(bad_ticks.Load(ebpf::kRelaxed), 0);
}

GUEST_TEST(DragonOs, KnowsWhereARendezvousMayBegin) {
  GUEST_EXPECT(dragonos_may_rendezvous());
  const uintptr_t irq = machine::IrqSave();
  GUEST_EXPECT(!dragonos_may_rendezvous());
  machine::IrqRestore(irq);
  dragonos_preempt_disable();
  GUEST_EXPECT(!dragonos_may_rendezvous());
  dragonos_preempt_enable();
}

}  // namespace
}  // namespace guest

extern "C" {

bool ebpf_dragonos_fault(dragonos_trap_frame* frame) {
  guest::seen = *frame;
  if (guest::fault_goes_on_at == 0) {
    return false;
  }
  frame->rip = guest::fault_goes_on_at;
  return true;
}

void ebpf_dragonos_ipi(dragonos_trap_frame* /*frame*/) {
  guest::interrupts_in_ipi = guest::machine::IrqsEnabled();
  guest::ipis[guest::machine::CpuId()].FetchAdd(1, ebpf::kRelease);
}

void ebpf_dragonos_tick(const dragonos_trap_frame* frame) {
  // What has interrupts masked is not interrupted.
  constexpr uint64_t kInterruptFlag = 1 << 9;
  if ((frame->rflags & kInterruptFlag) == 0 || guest::machine::IrqsEnabled()) {
    guest::bad_ticks.FetchAdd(1, ebpf::kRelaxed);
  }
  guest::ticks[guest::machine::CpuId()].FetchAdd(1, ebpf::kRelease);
}

size_t ebpf_dragonos_interrupted(const dragonos_trap_frame* /*frame*/) {
  return 0;
}
void ebpf_dragonos_resume(size_t /*interruption*/) {}
void ebpf_dragonos_softirq() { guest::softirqs.FetchAdd(1, ebpf::kRelease); }

}  // extern "C"

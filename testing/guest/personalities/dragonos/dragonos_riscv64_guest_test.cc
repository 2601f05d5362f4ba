// SPDX-License-Identifier: MIT
//
// That the personality behaves as DragonOS does on RISC-V, without the port:
// this file has the hooks.
#include "core/platform/cpu.h"
#include "core/platform/task.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/riscv64/kernel.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/dragonos/current.h"

extern "C" {
extern const char guest_text_begin[];
extern const char guest_rodata_begin[];
}

namespace guest {
namespace {

constexpr uint64_t kInterruptsBefore = 1 << 5;  // sstatus.SPIE

constinit dragonos_trap_frame seen = {};
constinit uintptr_t frame_address = 0;
constinit bool masked_in_hook = false;
constinit bool claims = false;
constinit ebpf::Atomic<uint32_t> softirqs{0};
constinit ebpf::Atomic<uint32_t> ticks{0};
constinit ebpf::Atomic<uint32_t> bad_ticks{0};
constinit ebpf::Atomic<uint32_t> not_told{0};
constinit ebpf::Atomic<const dragonos_trap_frame*> told{nullptr};

template <typename T>
uintptr_t AddressOf(T* object) {
  return reinterpret_cast<uintptr_t>(object);
}

[[gnu::noinline, gnu::used]] int Code() { return 1; }

GUEST_TEST(DragonOsRiscv64, AllMemoryCanBeWrittenAndExecuted) {
  constexpr uint32_t kAll = machine::kWrite | machine::kExecute;
  void* const page = AllocatePages(1);
  GUEST_ASSERT(page != nullptr);
  const uintptr_t places[] = {AddressOf(guest_text_begin),
                              AddressOf(guest_rodata_begin),
                              AddressOf(&softirqs), AddressOf(page)};
  for (const uintptr_t place : places) {
    machine::Mapping mapping = {};
    GUEST_ASSERT(machine::Query(place, &mapping));
    GUEST_EXPECT_EQ(mapping.protection, kAll);
    GUEST_EXPECT_EQ(mapping.leaf, kPageSize);
  }
  const auto first = *reinterpret_cast<const volatile uint8_t*>(&Code);
  GUEST_EXPECT(machine::TryStore8(AddressOf(&Code), first));
  FreePages(page, 1);
}

GUEST_TEST(DragonOsRiscv64, StartsOneCpu) {
  GUEST_EXPECT_EQ(OnlineCpus(), 1);
  GUEST_EXPECT_EQ(ebpf_port_cpu_id(), machine::CpuId());
}

GUEST_TEST(DragonOsRiscv64, TheCurrentTaskIsFoundByTheStackPointer) {
  GUEST_EXPECT_EQ(personality::kStackSize, 0x8000);
  GUEST_EXPECT(dragonos::Current() == CurrentThread());
  GUEST_EXPECT_EQ(ebpf_port_task_pid(), CurrentThread()->id);
}

GUEST_TEST(DragonOsRiscv64, TheFrameLiesRightBelowTheInterruptedStack) {
  claims = true;
  machine::Breakpoint();
  claims = false;
  GUEST_EXPECT_EQ(frame_address + 36 * 8, seen.x[1]);
  GUEST_EXPECT_EQ(seen.cause, 3);
  GUEST_EXPECT_EQ(seen.origin_a0, seen.x[9]);
  GUEST_EXPECT(masked_in_hook);
  GUEST_EXPECT((seen.status & kInterruptsBefore) != 0);
  GUEST_EXPECT(machine::IrqsEnabled());
}

GUEST_TEST(DragonOsRiscv64, TheHookSeesFaultsFirst) {
  uint8_t value = 0;
  seen = {};
  GUEST_EXPECT(!machine::TryLoad8(0x1000, &value));
  GUEST_EXPECT_EQ(seen.badaddr, 0x1000);
  GUEST_EXPECT_EQ(seen.cause, 13);  // a load's page fault
}

GUEST_TEST(DragonOsRiscv64, ASoftirqRunsAtTheEndOfAnInterrupt) {
  const uint32_t before = softirqs.Load(ebpf::kAcquire);
  const uintptr_t irq = machine::IrqSave();
  dragonos_raise_softirq();
  GUEST_EXPECT_EQ(softirqs.Load(ebpf::kAcquire), before);
  machine::IrqRestore(irq);
  SleepTicks(2);
  GUEST_EXPECT_EQ(softirqs.Load(ebpf::kAcquire), before + 1);
}

GUEST_TEST(DragonOsRiscv64, TicksWithInterruptsMaskedAndTellsWhatItInterrupts) {
  const uint32_t before = ticks.Load(ebpf::kAcquire);
  SleepTicks(5);
  GUEST_EXPECT(ticks.Load(ebpf::kAcquire) > before);
  GUEST_EXPECT_EQ(bad_ticks.Load(ebpf::kRelaxed), 0);
  GUEST_EXPECT_EQ(not_told.Load(ebpf::kRelaxed), 0);
}

}  // namespace
}  // namespace guest

extern "C" {

bool ebpf_dragonos_exception(dragonos_trap_frame* frame) {
  guest::seen = *frame;
  guest::frame_address = guest::AddressOf(frame);
  guest::masked_in_hook = !guest::machine::IrqsEnabled();
  if (!guest::claims) {
    return false;
  }
  const auto first = *reinterpret_cast<const volatile uint8_t*>(frame->epc);
  frame->epc += (first & 3) == 3 ? 4 : 2;
  return true;
}

void ebpf_dragonos_tick(const dragonos_trap_frame* frame) {
  // What has interrupts masked is not interrupted.
  if ((frame->status & guest::kInterruptsBefore) == 0 ||
      guest::machine::IrqsEnabled()) {
    guest::bad_ticks.FetchAdd(1, ebpf::kRelaxed);
  }
  if (guest::told.Load(ebpf::kRelaxed) != frame) {
    guest::not_told.FetchAdd(1, ebpf::kRelaxed);
  }
  guest::ticks.FetchAdd(1, ebpf::kRelease);
}

size_t ebpf_dragonos_interrupted(const dragonos_trap_frame* frame) {
  guest::told.Store(frame, ebpf::kRelaxed);
  return 0;
}
void ebpf_dragonos_resume(size_t /*interruption*/) {}
void ebpf_dragonos_softirq() { guest::softirqs.FetchAdd(1, ebpf::kRelease); }

}  // extern "C"

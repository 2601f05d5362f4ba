// SPDX-License-Identifier: MIT
//
// Our vectors before the kernel's (arch/aarch64/machine/trap_takeover.h), the
// virtual timer, which Hermit leaves alone, and what else is the CPU's.
#include "ports/hermit/machine.h"

#include "arch/aarch64/machine/icache.h"
#include "arch/aarch64/machine/kernel_stubs.h"
#include "arch/aarch64/machine/system_registers.h"
#include "arch/aarch64/machine/trap_takeover.h"
#include "arch/aarch64/machine/virtual_timer.h"
#include "core/capi/ebpf_trace.h"
#include "core/platform/armed_timers.h"
#include "core/platform/counter_time.h"
#include "core/platform/page_access.h"
#include "core/platform/taken_traps.h"
#include "core/platform/this_cpu.h"
#include "ports/hermit/kernel.h"

namespace ebpf {

bool MayReadPage(uintptr_t address) {
  return aarch64::Translation::ForRead(address).IsMemory();
}

bool MayWritePage(uintptr_t address) {
  return aarch64::Translation::ForWrite(address).IsMemory();
}

uint64_t CounterTicksPerSecond() { return aarch64::CounterFrequency(); }

namespace hermit {

const int kSyscallNumbers = EBPF_SYSCALLS_GENERIC;

bool InstallTraps() { return aarch64::TakeTraps(); }

bool IsTrapCode(uintptr_t address, size_t size) {
  return aarch64::IsKernelStub(address, size);
}

bool StartTimer() {
  aarch64::StopVirtualTimer();
  return ebpf_hermit_enable_virtual_timer();
}

void ArmTimer(uint64_t deadline_ns) { aarch64::ArmVirtualTimer(deadline_ns); }

void FlushInsns(uintptr_t address, size_t size) {
  aarch64::FlushInsnCache(address, size);
}

// Hermit 0.11 starts no other CPU here.
constinit const bool kManyCpus = false;

bool PrepareCpu() { return true; }

void EnterCpu() {}

void SyncInsnsElsewhere() {}

// The worker has them as soon as it sleeps.
void LetInterruptsIn() {}

}  // namespace hermit
}  // namespace ebpf

// tpidr_el1 is Hermit's pointer to its CoreLocal. Preemption is held off by
// masking interrupts, as there is no counter.
constinit ebpf_this_cpu ebpf_port_this_cpu = {
    .facts = EBPF_THIS_CPU_REGISTER, .counter_offset = 0, .stack_size = 0};

// The kernel gets it next: it finds nothing to acknowledge, or ends it.
extern "C" bool ebpf_taken_tick(const void* regs) {
  ebpf::TickArmedTimers(regs);
  return true;
}

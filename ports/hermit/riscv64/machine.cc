// SPDX-License-Identifier: MIT
//
// Our vector before the kernel's (arch/riscv64/machine/trap_takeover.h), and
// what else is the CPU's.
#include "ports/hermit/machine.h"

#include "arch/riscv64/machine/icache.h"
#include "arch/riscv64/machine/remote_fence.h"
#include "arch/riscv64/machine/trap_takeover.h"
#include "core/base/noprobe.h"
#include "core/capi/ebpf_trace.h"
#include "core/platform/armed_timers.h"
#include "core/platform/gathered_cpus.h"
#include "core/platform/taken_traps.h"
#include "ports/hermit/kernel.h"

namespace ebpf::hermit {

const int kSyscallNumbers = EBPF_SYSCALLS_GENERIC;

bool InstallTraps() { return riscv64::TakeTraps(); }

constinit const bool kManyCpus = true;

bool PrepareCpu() { return true; }

// The kernel lets other CPUs' interrupts in when it first has nothing to do.
void EnterCpu() { riscv64::TakeTrapsToo(); }

void FlushInsns(uintptr_t address, size_t size) {
  riscv64::FlushInsnCache(address, size);
}

void SyncInsnsElsewhere() { riscv64::SyncInsnsElsewhere(); }

// Each task of Hermit 0.11's begins with interrupts masked, and finds them so
// after each call that switches tasks.
void LetInterruptsIn() { asm volatile("csrsi sstatus, 2" : : : "memory"); }

}  // namespace ebpf::hermit

// ebpf_port_this_cpu keeps its default: tp is a task's, and what tells CPUs
// apart here is gp.

extern "C" {

bool ebpf_taken_tick(const void* regs) {
  ebpf::TickArmedTimers(regs);
  return ebpf_hermit_kernel_timer_due();
}

EBPF_NOPROBE void ebpf_taken_ask(const void* regs, uintptr_t pc) {
  ebpf::StandStill(pc);
  ebpf::TickArmedTimers(regs);
}

}  // extern "C"

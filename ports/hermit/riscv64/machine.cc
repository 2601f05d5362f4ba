// SPDX-License-Identifier: MIT
//
// The clock, and what else is the CPU's.
#include "ports/hermit/machine.h"

#include "arch/riscv64/machine/system_registers.h"
#include "core/capi/ebpf_trace.h"

namespace ebpf::hermit {

const int kSyscallNumbers = EBPF_SYSCALLS_GENERIC;

uint64_t ReadTicks() { return riscv64::ReadTime(); }

// Each task of Hermit 0.11's begins with interrupts masked, and finds them so
// after each call that switches tasks.
void LetInterruptsIn() { asm volatile("csrsi sstatus, 2" : : : "memory"); }

}  // namespace ebpf::hermit

// ebpf_port_this_cpu keeps its default: tp is a task's, and what tells CPUs
// apart here is gp.

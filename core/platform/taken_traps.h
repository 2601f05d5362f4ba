// SPDX-License-Identifier: MIT
//
// What arch/<isa>/machine:trap_takeover, which stands before the trap vectors
// of a kernel that has no hooks, calls of the port. Breakpoints and faults go
// to core and need nothing.
#pragma once

#include <stdint.h>

extern "C" {

/// The timer has interrupted `regs` (machine::PtRegs). Whether the kernel waits
/// for that, too: on RISC-V it does not learn of it otherwise, elsewhere the
/// kernel ends the interrupt, and always learns. Context: irq, interrupts
/// masked.
bool ebpf_taken_tick(const void* regs);

/// Another CPU has interrupted `regs`, at `pc`; on RISC-V the kernel is next,
/// on x86-64 the port ends the interrupt. Never called on AArch64. Takes no
/// probe itself, as text may be about to change. Context: irq, interrupts
/// masked.
void ebpf_taken_ask(const void* regs, uintptr_t pc);

}  // extern "C"

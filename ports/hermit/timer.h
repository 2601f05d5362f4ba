// SPDX-License-Identifier: MIT
//
// The clock's beginning, and what the timer interrupt leads to.
#pragma once

namespace ebpf::hermit {

/// Takes a seed from the kernel. Context: task, once.
void SeedRandom();

/// Takes the machine's second timer, if it has one. Context: task, once, after
/// InstallTraps().
void StartTimers();

/// Our timer has interrupted `regs` (machine::PtRegs): runs what is due, and
/// arms the timer again. Context: irq.
void Tick(const void* regs);

}  // namespace ebpf::hermit

// SPDX-License-Identifier: MIT
//
// Timers: what the timer interrupt leads to.
#pragma once

namespace ebpf::hermit {

/// Takes the machine's second timer, if it has one. Context: task, once, after
/// InstallTraps().
void StartTimers();

/// Our timer has interrupted `regs` (machine::PtRegs): runs what is due, and
/// arms the timer again. Context: irq.
void Tick(const void* regs);

}  // namespace ebpf::hermit

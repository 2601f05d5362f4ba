// SPDX-License-Identifier: MIT
//
// Takes gates of a kernel's that has no hooks, for ports: breakpoints, the
// faults that a probed load or a program may have, a timer, and an interrupt by
// other CPUs. All that is not ours goes on to the kernel's own handlers as if
// the CPU had called them. core/platform/taken_traps.h has what it calls of the
// port; it defines ebpf_port_breakpoint_entry and ebpf_port_trap_stub.
#pragma once

#include <stdint.h>

namespace ebpf::x86_64 {

/// What a kernel leaves free, and what its timer has.
struct GatesToTake {
  /// The vector of the timer's interrupt, which then is the kernel's as ever.
  unsigned timer;
  /// A vector that other CPUs interrupt by and the kernel has nothing at. 0: it
  /// has one CPU.
  unsigned asked;
  /// Two numbers of the task state segment's stacks that no gate has: for
  /// faults, and for the interrupts, on which programs run.
  uint8_t fault_stack;
  uint8_t interrupt_stack;
};

/// Has these and the vectors of exceptions lead to us, on this CPU and all that
/// share its table, which have their stacks already. A breakpoint stays on the
/// interrupted stack, so nothing that is probed may keep a red zone. False if
/// the kernel's own gates do not all begin on one stack of the task state
/// segment, and nothing has changed then. Context: task, once.
bool TakeGates(const GatesToTake& gates);

/// Gives another CPU its two stacks, for good; false without memory. Context:
/// task, once on each, interrupts masked, before TakeGates().
bool PrepareCpuForGates(const GatesToTake& gates);

}  // namespace ebpf::x86_64

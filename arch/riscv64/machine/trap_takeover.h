// SPDX-License-Identifier: MIT
//
// Takes the trap vector of a kernel that has no hooks, for ports: breakpoints,
// exceptions that somebody of ours expects, the timer's and other harts'
// interrupts. All that is not ours goes on to the kernel's own vector as if the
// trap had come there. core/platform/taken_traps.h has what it calls of the
// port; it defines ebpf_port_trap_stub.
#pragma once

namespace ebpf::riscv64 {

/// Has this hart's traps lead to us. False if the kernel's vector is not one
/// that begins by exchanging sp with sscratch, which is 0 in kernel code, and
/// taking it back, since we enter it at the latter; nothing has changed then.
/// Context: task, once.
bool TakeTraps();

/// The same on another hart, whose vector is the same, and lets other harts'
/// interrupts in. Context: task, interrupts masked, behind TakeTraps().
void TakeTrapsToo();

}  // namespace ebpf::riscv64

// SPDX-License-Identifier: MIT
//
// Takes the exception vectors of a kernel that has no hooks, for ports to
// kernels with one CPU: breakpoints, the faults that a probed load or a program
// may have, and the interrupts of the virtual timer (virtual_timer.h). All that
// is not ours goes on to the kernel's own vectors as if the exception had come
// there. core/platform/taken_traps.h has what it calls of the port; it defines
// ebpf_port_trap_stub.
#pragma once

#include <stdint.h>

namespace ebpf::aarch64 {

/// Has this CPU's exceptions lead to us. False if our vectors cannot be
/// written, or the kernel's are further away than 128 MiB, and nothing has
/// changed then. What code of the kernel's kernel_stubs.h tells from then on.
/// Context: task, once, with symbols.
bool TakeTraps();

}  // namespace ebpf::aarch64

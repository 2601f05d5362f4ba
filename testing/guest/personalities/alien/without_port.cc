// SPDX-License-Identifier: MIT
//
// The port's hooks for images that have no port: nothing is claimed, and a
// breakpoint is passed over, however long it is.
#include "ports/alien/hooks.h"
#include "ports/alien/trap_frame.h"

bool ebpf_alien_breakpoint(alien_ktrap_frame* frame) {
  ebpf::alien::FitUnclaimedBreakpoint(*frame);
  return false;
}

bool ebpf_alien_kernel_fault(alien_ktrap_frame* /*frame*/) { return false; }

void ebpf_alien_tick(const alien_ktrap_frame* /*frame*/) {}

// SPDX-License-Identifier: MIT
//
// Whether the kernel has given us the gate of #BP.
#include "arch/x86_64/machine/system_registers.h"
#include "ports/dragonos/machine.h"
#include "ports/dragonos/x86_64/kernel.h"

namespace ebpf::dragonos {

// With our entry in it, and of the right kind: emulated instructions write
// below the interrupted stack pointer, where another entry would have its
// frame.
bool HasBreakpointHook() {
  constexpr unsigned kBreakpoint = 3;
  const x86_64::Gate& gate = x86_64::InterruptTable()[kBreakpoint];
  return gate.Handler() ==
             reinterpret_cast<uintptr_t>(&ebpf_breakpoint_entry) &&
         gate.MasksAndStays();
}

}  // namespace ebpf::dragonos

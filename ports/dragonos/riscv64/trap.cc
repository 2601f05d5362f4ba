// SPDX-License-Identifier: MIT
//
// The hook in DragonOS's handler of exceptions.
#include "arch/riscv64/machine/kernel_fault.h"
#include "core/base/noprobe.h"
#include "core/capi/ebpf.h"
#include "ports/dragonos/machine.h"
#include "ports/dragonos/riscv64/frame.h"
#include "ports/dragonos/riscv64/kernel.h"

using namespace ebpf::dragonos;

namespace ebpf::dragonos {

// It cannot be seen: where it is not there, a breakpoint is the kernel's end.
bool HasBreakpointHook() { return true; }

}  // namespace ebpf::dragonos

extern "C" {

EBPF_NOPROBE bool ebpf_dragonos_exception(dragonos_trap_frame* frame) {
  if (!IsOfKernel(*frame)) {
    return false;  // user space's
  }
  if (frame->cause == kBreakpoint) {
    return ebpf_on_breakpoint(RegsOf(frame));
  }
  return ebpf::riscv64::OnKernelFault(
      *reinterpret_cast<ebpf::machine::PtRegs*>(frame));
}

}  // extern "C"

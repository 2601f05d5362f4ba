// SPDX-License-Identifier: MIT
//
// The hook in DragonOS's handler of exceptions.
#include "arch/riscv64/machine/cpu_features.h"
#include "arch/riscv64/machine/nofault.h"
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
  // A probed instruction may have faulted away from its place; then the kernel,
  // or the fix-ups below, are to see it there.
  (void)ebpf_on_fault(RegsOf(frame));
  return ebpf::riscv64::NofaultFixup(frame->epc) ||
         ebpf::riscv64::FeatureFixup(frame->epc) ||
         ebpf_fix_fault(RegsOf(frame));
}

}  // extern "C"

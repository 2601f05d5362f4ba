// SPDX-License-Identifier: MIT
//
// The hooks in Alien's breakpoint and fault handlers.
#include "arch/riscv64/machine/cpu_features.h"
#include "arch/riscv64/machine/nofault.h"
#include "arch/riscv64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/capi/ebpf.h"
#include "ports/alien/hooks.h"
#include "ports/alien/trap_frame.h"

using ebpf::riscv64::PtRegs;

extern "C" {

EBPF_NOPROBE bool ebpf_alien_breakpoint(alien_ktrap_frame* frame) {
  PtRegs regs;
  ebpf::alien::ToPtRegs(*frame, regs);
  if (ebpf_on_breakpoint(reinterpret_cast<ebpf_pt_regs*>(&regs))) {
    ebpf::alien::FromPtRegs(regs, *frame);
    return true;
  }
  ebpf::alien::FitUnclaimedBreakpoint(*frame);
  return false;
}

EBPF_NOPROBE bool ebpf_alien_kernel_fault(alien_ktrap_frame* frame) {
  PtRegs regs;
  ebpf::alien::ToPtRegs(*frame, regs);
  auto* const context = reinterpret_cast<ebpf_pt_regs*>(&regs);
  // A probed instruction may have faulted away from its place: the kernel shall
  // see where it stands.
  (void)ebpf_on_fault(context);
  const bool goes_on = ebpf::riscv64::NofaultFixup(regs.epc) ||
                       ebpf::riscv64::FeatureFixup(regs.epc) ||
                       ebpf_fix_fault(context);
  ebpf::alien::FromPtRegs(regs, *frame);
  return goes_on;
}

}  // extern "C"

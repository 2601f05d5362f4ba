// SPDX-License-Identifier: MIT
//
// The hooks in Alien's breakpoint and fault handlers.
#include "arch/riscv64/machine/kernel_fault.h"
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
  const bool goes_on = ebpf::riscv64::OnKernelFault(Opaque(regs));
  ebpf::alien::FromPtRegs(regs, *frame);
  return goes_on;
}

}  // extern "C"

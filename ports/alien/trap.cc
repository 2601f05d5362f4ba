// SPDX-License-Identifier: MIT
//
// The hook in Alien's breakpoint handler.
#include "arch/riscv64/pt_regs.h"
#include "core/capi/ebpf.h"
#include "ports/alien/hooks.h"
#include "ports/alien/trap_frame.h"

extern "C" EBPF_ALIEN_NOPROBE bool ebpf_alien_breakpoint(
    alien_ktrap_frame* frame) {
  ebpf::riscv64::PtRegs regs;
  ebpf::alien::ToPtRegs(*frame, regs);
  if (ebpf_on_breakpoint(reinterpret_cast<ebpf_pt_regs*>(&regs))) {
    ebpf::alien::FromPtRegs(regs, *frame);
    return true;
  }
  ebpf::alien::FitUnclaimedBreakpoint(*frame);
  return false;
}

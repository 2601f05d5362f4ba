// SPDX-License-Identifier: MIT
//
// The hook in Alien's breakpoint handler.
#include "arch/riscv64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/capi/ebpf.h"
#include "ports/alien/hooks.h"
#include "ports/alien/trap_frame.h"

EBPF_NOPROBE_RANGE(ebpf_alien_trap)

extern "C" EBPF_NOPROBE bool ebpf_alien_breakpoint(
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

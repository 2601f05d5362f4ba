// SPDX-License-Identifier: MIT
//
// AArch64: the trap reports the breakpoint.
#include "arch/aarch64/pt_regs.h"
#include "testing/guest/port_contract/skip_breakpoint.h"

namespace guest {

void SkipBreakpoint(ebpf_pt_regs* regs) {
  reinterpret_cast<ebpf::aarch64::PtRegs*>(regs)->pc += 4;
}

}  // namespace guest

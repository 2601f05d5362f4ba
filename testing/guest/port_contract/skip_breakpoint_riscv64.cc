// SPDX-License-Identifier: MIT
//
// RISC-V: the trap reports the breakpoint, of two bytes or of four.
#include "arch/riscv64/pt_regs.h"
#include "testing/guest/port_contract/skip_breakpoint.h"

namespace guest {

void SkipBreakpoint(ebpf_pt_regs* regs) {
  auto* own = reinterpret_cast<ebpf::riscv64::PtRegs*>(regs);
  const uint8_t first = *reinterpret_cast<const uint8_t*>(own->epc);
  own->epc += (first & 3) == 3 ? 4 : 2;
}

}  // namespace guest

// SPDX-License-Identifier: MIT
//
// x86-64: nothing to do.
#include "testing/guest/port_contract/skip_breakpoint.h"

namespace guest {

void SkipBreakpoint(ebpf_pt_regs* /*regs*/) {
  // The trap reports the byte after INT3.
}

}  // namespace guest

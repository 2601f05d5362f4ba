// SPDX-License-Identifier: MIT
//
// The plain port's hooks on AArch64. Its trap frame begins with Linux's
// registers, so there is nothing to convert.
#include "arch/aarch64/machine/nofault.h"
#include "arch/aarch64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/capi/ebpf.h"
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/personalities/plain/trap_frame_aarch64.h"
#include "testing/guest/personalities/plain/traps.h"

namespace guest::plain {
namespace {

using ebpf::aarch64::PtRegs;
static_assert(offsetof(TrapFrame, x) == offsetof(PtRegs, x));
static_assert(offsetof(TrapFrame, sp) == offsetof(PtRegs, sp));
static_assert(offsetof(TrapFrame, pc) == offsetof(PtRegs, pc));
static_assert(offsetof(TrapFrame, pstate) == offsetof(PtRegs, pstate));

EBPF_NOPROBE bool OnBreakpoint(TrapFrame& frame) {
  return ebpf_on_breakpoint(reinterpret_cast<ebpf_pt_regs*>(&frame));
}

EBPF_NOPROBE bool OnFault(TrapFrame& frame) {
  // Where a probed instruction faulted, `frame` then says where it stands.
  (void)ebpf_on_fault(reinterpret_cast<ebpf_pt_regs*>(&frame));
  return ebpf::aarch64::NofaultFixup(frame.pc) ||
         ebpf_fix_fault(reinterpret_cast<ebpf_pt_regs*>(&frame));
}

}  // namespace

void InstallHooks() {
  SetBreakpointHook(OnBreakpoint);
  SetFaultHook(OnFault);
}

}  // namespace guest::plain

// SPDX-License-Identifier: MIT
//
// The plain port's hooks on RISC-V. Its trap frame begins with Linux's
// registers, so there is nothing to convert.
#include "arch/riscv64/machine/cpu_features.h"
#include "arch/riscv64/machine/nofault.h"
#include "arch/riscv64/pt_regs.h"
#include "core/base/noprobe.h"
#include "core/capi/ebpf.h"
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/personalities/plain/trap_frame_riscv64.h"
#include "testing/guest/personalities/plain/traps.h"

namespace guest::plain {
namespace {

using ebpf::riscv64::PtRegs;
static_assert(offsetof(TrapFrame, pc) == offsetof(PtRegs, epc));
static_assert(offsetof(TrapFrame, x) == offsetof(PtRegs, x));
static_assert(offsetof(TrapFrame, status) == offsetof(PtRegs, status));
static_assert(offsetof(TrapFrame, cause) == offsetof(PtRegs, cause));

EBPF_NOPROBE bool OnBreakpoint(TrapFrame& frame) {
  return ebpf_on_breakpoint(reinterpret_cast<ebpf_pt_regs*>(&frame));
}

EBPF_NOPROBE bool OnFault(TrapFrame& frame) {
  // Where a probed instruction faulted, `frame` then says where it stands.
  (void)ebpf_on_fault(reinterpret_cast<ebpf_pt_regs*>(&frame));
  return ebpf::riscv64::NofaultFixup(frame.pc) ||
         ebpf::riscv64::FeatureFixup(frame.pc) ||
         ebpf_fix_fault(reinterpret_cast<ebpf_pt_regs*>(&frame));
}

}  // namespace

void InstallHooks() {
  SetBreakpointHook(OnBreakpoint);
  SetFaultHook(OnFault);
}

}  // namespace guest::plain

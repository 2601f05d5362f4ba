// SPDX-License-Identifier: MIT
//
// The hook in DragonOS's fault handlers.
#include "arch/x86_64/frame_copy.h"
#include "arch/x86_64/machine/nofault.h"
#include "core/base/noprobe.h"
#include "core/capi/ebpf.h"
#include "machine/interrupts.h"
#include "ports/dragonos/machine.h"
#include "ports/dragonos/x86_64/frame.h"
#include "ports/dragonos/x86_64/kernel.h"

using namespace ebpf::dragonos;

extern "C" {

EBPF_NOPROBE bool ebpf_dragonos_fault(dragonos_trap_frame* frame) {
  if (!IsOfKernel(*frame)) {
    return false;  // user space's
  }
  // Whose slot the instruction may be in, core tells only while no rendezvous
  // can change it. Where this says yes, iretq gives interrupts back.
  const uintptr_t interrupts = ebpf::machine::MaskInterrupts();
  ebpf::x86_64::PtRegs regs;
  ToPtRegs(*frame, regs);
  auto* const context = reinterpret_cast<ebpf_pt_regs*>(&regs);
  // A probed instruction may have faulted away from its place; then the kernel,
  // or the fix-ups below, are to see it there.
  (void)ebpf_on_fault(context);
  const bool goes_on =
      ebpf::x86_64::NofaultFixup(regs.rip) || ebpf_fix_fault(context);
  ebpf::x86_64::CopyRegisters(regs, *frame);
  if (!goes_on) {
    ebpf::machine::RestoreInterrupts(interrupts);
  }
  return goes_on;
}

}  // extern "C"

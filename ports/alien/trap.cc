// SPDX-License-Identifier: MIT
//
// Alien's breakpoint and fault hooks, and core/platform/nofault.h, which lives
// by the second: the kernel has no exception table of its own.
#include "arch/riscv64/machine/nofault.h"
#include "arch/riscv64/pt_regs.h"
#include "core/capi/ebpf.h"
#include "core/platform/nofault.h"
#include "ports/alien/hooks.h"
#include "ports/alien/trap_frame.h"

#define EBPF_ALIEN_NOPROBE [[gnu::section(".ebpf.noprobe")]]

extern "C" {

EBPF_ALIEN_NOPROBE bool ebpf_alien_breakpoint(alien_ktrap_frame* frame) {
  ebpf::riscv64::PtRegs regs;
  ebpf::alien::ToPtRegs(*frame, regs);
  if (ebpf_on_breakpoint(reinterpret_cast<ebpf_pt_regs*>(&regs))) {
    ebpf::alien::FromPtRegs(regs, *frame);
    return true;
  }
  // The kernel will add 2, as if each breakpoint were a c.ebreak: an ebreak
  // needs two more. [riscv/unpriv: the two low bits tell the length]
  const auto* code = reinterpret_cast<const uint8_t*>(frame->sepc);
  constexpr uint8_t kFullSize = 3;
  if ((code[0] & kFullSize) == kFullSize) {
    frame->sepc += 2;
  }
  return false;
}

EBPF_ALIEN_NOPROBE bool ebpf_alien_kernel_fault(alien_ktrap_frame* frame,
                                                uintptr_t /*cause*/,
                                                uintptr_t /*address*/) {
  return ebpf::riscv64::NofaultFixup(frame->sepc);
}

bool ebpf_port_read_nofault(void* to, uintptr_t from, size_t size) {
  // On every machine that Alien runs on, what lies below the kernel is the
  // firmware's and devices' registers, which must not be read for fun.
  const auto lowest = reinterpret_cast<uintptr_t>(stext);
  if (from < lowest || size > UINTPTR_MAX - from) {
    return size == 0;
  }
  return ebpf_copy_nofault(to, from, size);
}

}  // extern "C"

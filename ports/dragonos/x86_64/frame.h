// SPDX-License-Identifier: MIT
//
// DragonOS's trap frame as Linux's pt_regs, and back.
#pragma once

#include "arch/x86_64/frame_copy.h"
#include "arch/x86_64/pt_regs.h"
#include "core/base/noprobe.h"
#include "ports/dragonos/x86_64/trap_frame.h"

namespace ebpf::dragonos {

/// Whether kernel code was interrupted, and not a process. Context: any.
EBPF_NOPROBE_INLINE bool IsOfKernel(const dragonos_trap_frame& frame) {
  constexpr uint64_t kRing = 3;  // of a code selector
  return (frame.cs & kRing) == 0;
}

/// What Linux has in orig_rax when no system call is made.
inline constexpr uint64_t kNoSystemCall = ~uint64_t{0};

/// Every register of `frame` that pt_regs has. (x86_64::CopyRegisters takes
/// them back; ds, es, func and errcode stay.) Context: any.
EBPF_NOPROBE_INLINE void ToPtRegs(const dragonos_trap_frame& frame,
                                  x86_64::PtRegs& regs) {
  x86_64::CopyRegisters(frame, regs);
  regs.orig_rax = kNoSystemCall;
}

}  // namespace ebpf::dragonos

// SPDX-License-Identifier: MIT
//
// Between the registers in a kernel's trap frame, x[0] to x[31], and Linux's
// pt_regs.
#pragma once

#include <stdint.h>

#include "arch/riscv64/pt_regs.h"
#include "core/base/noprobe.h"

namespace ebpf::riscv64 {

/// Keeps a compiler from making a call of memcpy, which may carry a probe, out
/// of words that are copied one after the other.
EBPF_NOPROBE_INLINE uint64_t CopiedWord(uint64_t word) {
  asm("" : "+r"(word));
  return word;
}

/// Registers `kFirst` to 31, each in its own two instructions: a loop would
/// take four times as many, in each trap. Context: any.
template <unsigned kFirst, typename Frame>
EBPF_NOPROBE_INLINE void CopyToPtRegs(const Frame& frame, PtRegs& regs) {
  if constexpr (kFirst < 32) {
    Reg(regs, kFirst) = CopiedWord(frame.x[kFirst]);
    CopyToPtRegs<kFirst + 1>(frame, regs);
  }
}

/// All of a frame that has its pc and status as `sepc` and `sstatus`, and no
/// more, after a trap of `cause`. Context: any.
template <typename Frame>
EBPF_NOPROBE_INLINE void FrameToPtRegs(const Frame& frame, uint64_t cause,
                                       PtRegs& regs) {
  regs.epc = frame.sepc;
  CopyToPtRegs<1>(frame, regs);
  regs.status = frame.sstatus;
  regs.badaddr = 0;
  regs.cause = cause;
  regs.orig_a0 = Reg(regs, kA0);
}

/// The way back. Context: any.
template <unsigned kFirst, typename Frame>
EBPF_NOPROBE_INLINE void CopyFromPtRegs(PtRegs& regs, Frame& frame) {
  if constexpr (kFirst < 32) {
    frame.x[kFirst] = CopiedWord(Reg(regs, kFirst));
    CopyFromPtRegs<kFirst + 1>(regs, frame);
  }
}

}  // namespace ebpf::riscv64

// SPDX-License-Identifier: MIT
//
// Between Alien's KTrapFrame and Linux's pt_regs, both ways.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "arch/riscv64/frame_copy.h"
#include "arch/riscv64/pt_regs.h"
#include "core/base/noprobe.h"
#include "ports/alien/kernel.h"

static_assert(sizeof(alien_ktrap_frame) == 34 * 8);
static_assert(offsetof(alien_ktrap_frame, sstatus) == 32 * 8);
static_assert(offsetof(alien_ktrap_frame, sepc) == 33 * 8);
static_assert(sizeof(alien_trap_frame) == 40 * 8);
static_assert(offsetof(alien_trap_frame, sepc) == 32 * 8);
static_assert(offsetof(alien_trap_frame, sstatus) == 37 * 8);

namespace ebpf::alien {

/// [riscv/priv: scause]
inline constexpr uint64_t kTimerInterrupt = uint64_t{1} << 63 | 5;

/// The interrupted registers. sp is the frame's end: its slot is not written.
/// Context: trap.
EBPF_NOPROBE_INLINE void ToPtRegs(const alien_ktrap_frame& frame,
                                  riscv64::PtRegs& regs) {
  constexpr uint64_t kBreakpoint = 3;  // [riscv/priv: scause]
  riscv64::FrameToPtRegs(frame, kBreakpoint, regs);
  riscv64::Reg(regs, riscv64::kSp) = reinterpret_cast<uintptr_t>(&frame + 1);
}

/// The registers of a process that the timer interrupted. Context: irq.
EBPF_NOPROBE_INLINE void ToPtRegs(const alien_trap_frame& frame,
                                  riscv64::PtRegs& regs) {
  riscv64::FrameToPtRegs(frame, kTimerInterrupt, regs);
}

/// All of `regs` that a return from the trap restores: everything but sp, which
/// ebpf_port_trap_stub says. Context: trap.
EBPF_NOPROBE_INLINE void FromPtRegs(riscv64::PtRegs& regs,
                                    alien_ktrap_frame& frame) {
  frame.sepc = regs.epc;
  frame.x[1] = riscv64::CopiedWord(riscv64::Reg(regs, 1));
  riscv64::CopyFromPtRegs<riscv64::kSp + 1>(regs, frame);
  frame.sstatus = regs.status;
}

/// For a breakpoint that stays Alien's: the kernel will add 2 to sepc, as if
/// each were a c.ebreak, and an ebreak needs 2 more. Context: trap.
EBPF_NOPROBE_INLINE void FitUnclaimedBreakpoint(alien_ktrap_frame& frame) {
  // The two low bits tell the length. [riscv/unpriv: instruction lengths]
  constexpr uint8_t kFullSize = 3;
  const auto* code = reinterpret_cast<const uint8_t*>(frame.sepc);
  if ((*code & kFullSize) == kFullSize) {
    frame.sepc += 2;
  }
}

}  // namespace ebpf::alien

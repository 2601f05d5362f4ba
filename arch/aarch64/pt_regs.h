// SPDX-License-Identifier: MIT
//
// Linux's registers of AArch64: the context of a kprobe program.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/machine/pt_regs.h"

namespace ebpf::aarch64 {

/// uapi's `struct user_pt_regs` (asm/ptrace.h), with which Linux's pt_regs
/// begins and which PT_REGS_PARM1 and the like in libbpf's bpf_tracing.h name.
/// A port converts its trap frame to this and all of it back.
struct PtRegs {
  uint64_t x[31];
  uint64_t sp, pc, pstate;
};
static_assert(sizeof(PtRegs) == 272);
static_assert(offsetof(PtRegs, sp) == 248);
static_assert(offsetof(PtRegs, pc) == 256);
static_assert(offsetof(PtRegs, pstate) == 264);

/// Bits of pstate, as in SPSR_EL1. [arm/arm: SPSR_EL1]
inline constexpr uint64_t kPstateNegative = uint64_t{1} << 31;
inline constexpr uint64_t kPstateZero = uint64_t{1} << 30;
inline constexpr uint64_t kPstateCarry = uint64_t{1} << 29;
inline constexpr uint64_t kPstateOverflow = uint64_t{1} << 28;
inline constexpr uint64_t kPstateSingleStep = uint64_t{1} << 21;
inline constexpr uint64_t kPstateBtype = uint64_t{3} << 10;
/// Masks of debug exceptions, SError, interrupts and fast interrupts.
inline constexpr uint64_t kPstateDebugMask = uint64_t{1} << 9;
inline constexpr uint64_t kPstateDaif = uint64_t{0xf} << 6;

/// The registers behind core's opaque type, and back.
inline PtRegs& RegsOf(machine::PtRegs& regs) {
  return reinterpret_cast<PtRegs&>(regs);
}
inline const PtRegs& RegsOf(const machine::PtRegs& regs) {
  return reinterpret_cast<const PtRegs&>(regs);
}
inline machine::PtRegs& Opaque(PtRegs& regs) {
  return reinterpret_cast<machine::PtRegs&>(regs);
}

/// At a function's first instruction: as if it had returned `value`.
inline void ReturnAtOnce(PtRegs& regs, uint64_t value) {
  regs.x[0] = value;
  regs.pc = regs.x[30];
  regs.pstate &= ~kPstateBtype;  // as after RET, where its target may go on
}

}  // namespace ebpf::aarch64

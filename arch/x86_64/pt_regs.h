// SPDX-License-Identifier: MIT
//
// Linux's `struct pt_regs` of x86-64: the context of a kprobe program.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/machine/pt_regs.h"

namespace ebpf::x86_64 {

/// The order in which Linux's entry code stores the registers, which
/// PT_REGS_PARM1 and the like in libbpf's bpf_tracing.h name. A port converts
/// its trap frame to this and all of it back: segments too.
struct PtRegs {
  uint64_t r15, r14, r13, r12, rbp, rbx;
  uint64_t r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
  uint64_t orig_rax;  // an error code in some traps; ours never look
  uint64_t rip, cs, rflags, rsp, ss;
};
static_assert(sizeof(PtRegs) == 168);
static_assert(offsetof(PtRegs, r12) == 24);
static_assert(offsetof(PtRegs, rbp) == 32);
static_assert(offsetof(PtRegs, r11) == 48);
static_assert(offsetof(PtRegs, rax) == 80);
static_assert(offsetof(PtRegs, rdi) == 112);
static_assert(offsetof(PtRegs, orig_rax) == 120);
static_assert(offsetof(PtRegs, rip) == 128);
static_assert(offsetof(PtRegs, rflags) == 144);
static_assert(offsetof(PtRegs, rsp) == 152);
static_assert(offsetof(PtRegs, ss) == 160);

/// Bits of rflags. [intel/vol1: EFLAGS Register]
inline constexpr uint64_t kFlagCarry = 1 << 0;
inline constexpr uint64_t kFlagParity = 1 << 2;
inline constexpr uint64_t kFlagAdjust = 1 << 4;
inline constexpr uint64_t kFlagZero = 1 << 6;
inline constexpr uint64_t kFlagSign = 1 << 7;
inline constexpr uint64_t kFlagTrap = 1 << 8;
inline constexpr uint64_t kFlagInterrupt = 1 << 9;
inline constexpr uint64_t kFlagDirection = 1 << 10;
inline constexpr uint64_t kFlagOverflow = 1 << 11;
inline constexpr uint64_t kFlagResume = 1 << 16;

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

}  // namespace ebpf::x86_64

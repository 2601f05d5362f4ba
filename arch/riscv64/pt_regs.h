// SPDX-License-Identifier: MIT
//
// Linux's `struct pt_regs` of RISC-V: the context of a kprobe program.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/machine/pt_regs.h"

namespace ebpf::riscv64 {

/// pc, then x1..x31 in their order (as uapi's `struct user_regs_struct`, which
/// PT_REGS_PARM1 and the like in libbpf's bpf_tracing.h name), then what Linux
/// adds. A port converts its trap frame to this and all of it back.
struct PtRegs {
  uint64_t epc;
  uint64_t x[31];  // x[i] is register i + 1: ra, sp, gp, tp, t0, ...
  uint64_t status;
  uint64_t badaddr;
  uint64_t cause;
  uint64_t orig_a0;
};
static_assert(sizeof(PtRegs) == 288);
static_assert(offsetof(PtRegs, x) == 8);
static_assert(offsetof(PtRegs, status) == 256);
static_assert(offsetof(PtRegs, orig_a0) == 280);

/// Register numbers that the calling convention gives a meaning.
inline constexpr unsigned kRa = 1;
inline constexpr unsigned kSp = 2;
inline constexpr unsigned kA0 = 10;

/// Register `number`, 1..31. [riscv/unpriv: RV32I Base]
inline uint64_t& Reg(PtRegs& regs, unsigned number) {
  return regs.x[number - 1];
}

/// sstatus: interrupts are on after sret. [riscv/priv: sstatus]
inline constexpr uint64_t kStatusSpie = 1 << 5;

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
  Reg(regs, kA0) = value;
  regs.epc = Reg(regs, kRa);
}

}  // namespace ebpf::riscv64

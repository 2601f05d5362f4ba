// SPDX-License-Identifier: MIT
//
// What a trap does with a probed AArch64 instruction: emulate it, or send it
// through its slot. All here is in .ebpf.noprobe, and this file is compiled
// without jump tables, whose indirect jumps the audit could not follow.
#include "arch/aarch64/emulation.h"

#include "arch/aarch64/probed_insn.h"
#include "core/base/noprobe.h"

EBPF_NOPROBE_RANGE(ebpf_aarch64_noprobe)

namespace ebpf::aarch64 {
namespace {

using machine::ProbePlan;
using machine::StepState;

EBPF_NOPROBE_INLINE PtRegs& Registers(machine::PtRegs& regs) {
  return reinterpret_cast<PtRegs&>(regs);
}

EBPF_NOPROBE_INLINE EmulationCode CodeOf(const ProbePlan& plan) {
  const unsigned code = plan.emulation;
  return {static_cast<Emulation>(code & 63), code >> 6 & 31, code >> 11 & 31};
}

EBPF_NOPROBE_INLINE uint64_t Get(const PtRegs& regs, unsigned number) {
  return number == kReg31 ? 0 : regs.x[number];
}

EBPF_NOPROBE_INLINE void Set(PtRegs& regs, unsigned number, uint64_t value) {
  if (number != kReg31) {
    regs.x[number] = value;
  }
}

template <typename T>
EBPF_NOPROBE_INLINE T& MemoryAt(uint64_t address) {
  return *reinterpret_cast<T*>(address);
}

/// The sixteen conditions. [arm/arm: Condition code]
EBPF_NOPROBE_INLINE bool Holds(unsigned condition, uint64_t pstate) {
  const bool negative = (pstate & kPstateNegative) != 0;
  const bool zero = (pstate & kPstateZero) != 0;
  const bool carry = (pstate & kPstateCarry) != 0;
  const bool overflow = (pstate & kPstateOverflow) != 0;
  const unsigned pair = condition >> 1 & 7;
  bool holds = true;
  if (pair == 0) {
    holds = zero;
  } else if (pair == 1) {
    holds = carry;
  } else if (pair == 2) {
    holds = negative;
  } else if (pair == 3) {
    holds = overflow;
  } else if (pair == 4) {
    holds = carry && !zero;
  } else if (pair == 5) {
    holds = negative == overflow;
  } else if (pair == 6) {
    holds = negative == overflow && !zero;
  }
  // The odd ones are the opposites, but for 1111, which is always as well.
  return (condition & 1) != 0 && pair != 7 ? !holds : holds;
}

EBPF_NOPROBE_INLINE bool IsZero(const PtRegs& regs, const EmulationCode& code) {
  const uint64_t value = Get(regs, code.b);
  return code.a != 0 ? static_cast<uint32_t>(value) == 0 : value == 0;
}

/// Whether a conditional branch is taken.
EBPF_NOPROBE_INLINE bool IsTaken(const EmulationCode& code, uint64_t operand,
                                 const PtRegs& regs) {
  if (code.kind == Emulation::kJumpIf) {
    return Holds(code.a, regs.pstate);
  }
  if (code.kind == Emulation::kJumpIfZero) {
    return IsZero(regs, code);
  }
  if (code.kind == Emulation::kJumpIfNotZero) {
    return !IsZero(regs, code);
  }
  const bool is_set = (Get(regs, code.b) >> BitTarget::Bit(operand) & 1) != 0;
  return (code.kind == Emulation::kJumpIfBitSet) == is_set;
}

EBPF_NOPROBE_INLINE void Add(const EmulationCode& code, uint64_t operand,
                             PtRegs& regs) {
  const uint64_t sum = (code.b == kReg31 ? regs.sp : regs.x[code.b]) + operand;
  if (code.a == kReg31) {
    regs.sp = sum;
  } else {
    regs.x[code.a] = sum;
  }
}

/// Stores to the stack and loads of literals; false if it is neither.
EBPF_NOPROBE_INLINE bool Access(const EmulationCode& code, uint64_t operand,
                                PtRegs& regs) {
  if (code.kind == Emulation::kStorePair) {
    regs.sp += operand;
    MemoryAt<uint64_t>(regs.sp) = Get(regs, code.a);
    MemoryAt<uint64_t>(regs.sp + 8) = Get(regs, code.b);
  } else if (code.kind == Emulation::kStoreOne) {
    regs.sp += operand;
    MemoryAt<uint64_t>(regs.sp) = Get(regs, code.a);
  } else if (code.kind == Emulation::kLoadWord) {
    Set(regs, code.a, MemoryAt<const uint32_t>(operand));
  } else if (code.kind == Emulation::kLoadSigned) {
    const int64_t value = MemoryAt<const int32_t>(operand);
    Set(regs, code.a, static_cast<uint64_t>(value));
  } else if (code.kind == Emulation::kLoadDouble) {
    Set(regs, code.a, MemoryAt<const uint64_t>(operand));
  } else {
    return false;
  }
  return true;
}

EBPF_NOPROBE_INLINE void RestoreMask(PtRegs& regs, const StepState& state) {
  regs.pstate = (regs.pstate & ~kPstateDaif) | state.saved_flags;
}

}  // namespace

EBPF_NOPROBE void ProbedInsn::Emulate(const ProbePlan& plan,
                                      machine::PtRegs& opaque) {
  PtRegs& regs = Registers(opaque);
  const EmulationCode code = CodeOf(plan);
  const uint64_t next = plan.address + plan.insn_size;
  // Any instruction but an indirect branch leaves BTYPE 0. [arm/arm: PSTATE]
  regs.pstate &= ~kPstateBtype;
  regs.pc = next;
  if (code.kind == Emulation::kNop) {
    return;
  }
  if (code.kind == Emulation::kConstant) {
    Set(regs, code.a, plan.operand);
  } else if (code.kind == Emulation::kAdd) {
    Add(code, plan.operand, regs);
  } else if (code.kind == Emulation::kJump) {
    regs.pc = plan.operand;
  } else if (code.kind == Emulation::kCall) {
    regs.x[kLinkRegister] = next;
    regs.pc = plan.operand;
  } else if (code.kind == Emulation::kJumpReg) {
    regs.pc = Get(regs, code.b);
  } else if (code.kind == Emulation::kCallReg) {
    regs.pc = Get(regs, code.b);  // which may be x30
    regs.x[kLinkRegister] = next;
  } else if (!Access(code, plan.operand, regs) &&
             IsTaken(code, plan.operand, regs)) {
    regs.pc = code.kind >= Emulation::kJumpIfBitClear
                  ? BitTarget::Target(plan.operand)
                  : plan.operand;
  }
}

EBPF_NOPROBE void ProbedInsn::BeginStep(const ProbePlan& /*plan*/,
                                        uint64_t slot, machine::PtRegs& opaque,
                                        StepState& state) {
  PtRegs& regs = Registers(opaque);
  state.saved_flags = regs.pstate & kPstateDaif;
  regs.pstate |= kPstateDaif;
  regs.pc = slot;
}

EBPF_NOPROBE void ProbedInsn::EndStep(const ProbePlan& plan, uint64_t /*slot*/,
                                      const StepState& state,
                                      machine::PtRegs& opaque) {
  PtRegs& regs = Registers(opaque);
  RestoreMask(regs, state);
  regs.pc = plan.address + plan.insn_size;
}

EBPF_NOPROBE void ProbedInsn::AbortStep(const ProbePlan& plan,
                                        const StepState& state,
                                        machine::PtRegs& opaque) {
  PtRegs& regs = Registers(opaque);
  RestoreMask(regs, state);
  regs.pc = plan.address;
}

}  // namespace ebpf::aarch64

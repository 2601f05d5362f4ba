// SPDX-License-Identifier: MIT
//
// What a trap does with a probed AArch64 instruction: emulate it, or send it
// through its slot. All here is in ebpf_noprobe, and this file is compiled
// without jump tables, whose indirect jumps the audit could not follow.
#include "arch/aarch64/emulation.h"

#include "arch/aarch64/probed_insn.h"
#include "core/base/noprobe.h"

namespace ebpf::aarch64 {
namespace {

using machine::ProbePlan;
using machine::StepState;

/// Not in the slot: interrupts, and other debuggers' single steps.
constexpr uint64_t kMaskedInSlot = kPstateDaif | kPstateSingleStep;

EBPF_NOPROBE_INLINE uint64_t Read(const PtRegs& regs, unsigned number) {
  return number == kReg31 ? 0 : regs.x[number];
}

EBPF_NOPROBE_INLINE void Write(PtRegs& regs, unsigned number, uint64_t value) {
  if (number != kReg31) {
    regs.x[number] = value;
  }
}

/// Memory may be at any alignment.
template <typename T>
struct [[gnu::packed, gnu::may_alias]] Unaligned {
  T value;
};

template <typename T>
EBPF_NOPROBE_INLINE T Load(uint64_t address) {
  return reinterpret_cast<const Unaligned<T>*>(address)->value;
}

EBPF_NOPROBE_INLINE void Store(uint64_t address, uint64_t value) {
  reinterpret_cast<Unaligned<uint64_t>*>(address)->value = value;
}

/// [arm/arm: ConditionHolds]
EBPF_NOPROBE_INLINE bool Holds(unsigned condition, uint64_t pstate) {
  const bool n = (pstate & kPstateNegative) != 0;
  const bool z = (pstate & kPstateZero) != 0;
  const bool c = (pstate & kPstateCarry) != 0;
  const bool v = (pstate & kPstateOverflow) != 0;
  const unsigned pair = condition >> 1 & 7;
  bool holds = true;
  if (pair == 0) {
    holds = z;
  } else if (pair == 1) {
    holds = c;
  } else if (pair == 2) {
    holds = n;
  } else if (pair == 3) {
    holds = v;
  } else if (pair == 4) {
    holds = c && !z;
  } else if (pair == 5) {
    holds = n == v;
  } else if (pair == 6) {
    holds = n == v && !z;
  } else {
    return true;
  }
  return holds == ((condition & 1) == 0);
}

EBPF_NOPROBE_INLINE void AccessStack(const StackOperand& operand,
                                     PtRegs& regs) {
  const uint64_t address = regs.sp + operand.offset;
  if (operand.load) {
    Write(regs, operand.a, Load<uint64_t>(address));
    if (operand.pair) {
      Write(regs, operand.b, Load<uint64_t>(address + 8));
    }
  } else {
    Store(address, Read(regs, operand.a));
    if (operand.pair) {
      Store(address + 8, Read(regs, operand.b));
    }
  }
  regs.sp += operand.writeback;
}

EBPF_NOPROBE_INLINE void AddImmediate(const AddOperand& operand, unsigned to,
                                      PtRegs& regs) {
  const uint64_t from = operand.reg == kReg31 ? regs.sp : regs.x[operand.reg];
  (to == kReg31 ? regs.sp : regs.x[to]) = from + operand.immediate;
}

/// Where the instruction goes on; the rest of it is done.
EBPF_NOPROBE_INLINE uint64_t Carry(const ProbePlan& plan, PtRegs& regs) {
  const auto kind = static_cast<Emulation>(plan.emulation & 0xff);
  const unsigned reg = plan.emulation >> 8;
  const uint64_t operand = plan.operand;
  const uint64_t next = plan.address + plan.insn_size;
  if (kind == Emulation::kNop) {
    return next;
  }
  if (kind == Emulation::kStackAccess) {
    AccessStack(StackOperand(operand), regs);
    return next;
  }
  if (kind == Emulation::kAddImmediate) {
    AddImmediate(AddOperand(operand), reg, regs);
    return next;
  }
  if (kind == Emulation::kMove64) {
    Write(regs, reg, Read(regs, operand & 31));
    return next;
  }
  if (kind == Emulation::kMove32) {
    Write(regs, reg, static_cast<uint32_t>(Read(regs, operand & 31)));
    return next;
  }
  if (kind == Emulation::kSetConstant) {
    Write(regs, reg, operand);
    return next;
  }
  if (kind == Emulation::kLoad64) {
    Write(regs, reg, Load<uint64_t>(operand));
    return next;
  }
  if (kind == Emulation::kLoad32) {
    Write(regs, reg, Load<uint32_t>(operand));
    return next;
  }
  if (kind == Emulation::kLoadSigned32) {
    Write(regs, reg, static_cast<uint64_t>(int64_t{Load<int32_t>(operand)}));
    return next;
  }
  if (kind == Emulation::kJump) {
    return operand;
  }
  if (kind == Emulation::kCall) {
    regs.x[kLinkReg] = next;
    return operand;
  }
  if (kind == Emulation::kJumpReg) {
    return Read(regs, reg);
  }
  if (kind == Emulation::kCallReg) {
    const uint64_t target = Read(regs, reg);  // before: it may be x30
    regs.x[kLinkReg] = next;
    return target;
  }
  if (kind == Emulation::kJumpIf) {
    return Holds(reg, regs.pstate) ? operand : next;
  }
  if (kind == Emulation::kReadMasks) {
    Write(regs, reg, regs.pstate & kPstateDaif);
    return next;
  }
  if (kind == Emulation::kWriteMasks) {
    regs.pstate =
        (regs.pstate & ~kPstateDaif) | (Read(regs, reg) & kPstateDaif);
    return next;
  }
  if (kind == Emulation::kSetMasks) {
    regs.pstate |= operand;
    return next;
  }
  if (kind == Emulation::kClearMasks) {
    regs.pstate &= ~operand;
    return next;
  }
  const CompareReg compare(reg);
  const uint64_t value = Read(regs, compare.reg);
  if (kind == Emulation::kCompareJump) {
    const bool nonzero =
        compare.wide ? value != 0 : static_cast<uint32_t>(value) != 0;
    return nonzero == compare.nonzero ? operand : next;
  }
  const TestOperand test(operand);  // kTestJump, the last
  const bool set = (value >> test.bit & 1) != 0;
  return set == compare.nonzero ? plan.address + test.offset : next;
}

EBPF_NOPROBE_INLINE void RestoreMasks(const StepState& state, PtRegs& regs) {
  regs.pstate =
      (regs.pstate & ~kMaskedInSlot) | (state.saved_flags & kMaskedInSlot);
}

}  // namespace

EBPF_NOPROBE void ProbedInsn::Emulate(const ProbePlan& plan,
                                      machine::PtRegs& opaque) {
  PtRegs& regs = RegsOf(opaque);
  regs.pc = Carry(plan, regs);
  // As after any instruction; an indirect branch would leave its kind, which
  // only makes its target more welcome.
  regs.pstate &= ~kPstateBtype;
}

EBPF_NOPROBE void ProbedInsn::BeginStep(const ProbePlan& /*plan*/,
                                        uint64_t slot, machine::PtRegs& opaque,
                                        StepState& state) {
  PtRegs& regs = RegsOf(opaque);
  state.saved_flags = regs.pstate;
  regs.pstate = (regs.pstate | kPstateDaif) & ~kPstateSingleStep;
  regs.pc = slot;
}

EBPF_NOPROBE void ProbedInsn::EndStep(const ProbePlan& plan, uint64_t /*slot*/,
                                      const StepState& state,
                                      machine::PtRegs& opaque) {
  PtRegs& regs = RegsOf(opaque);
  RestoreMasks(state, regs);
  regs.pc = plan.address + plan.insn_size;
}

EBPF_NOPROBE void ProbedInsn::AbortStep(const ProbePlan& plan,
                                        const StepState& state,
                                        machine::PtRegs& opaque) {
  PtRegs& regs = RegsOf(opaque);
  RestoreMasks(state, regs);
  regs.pc = plan.address;
}

}  // namespace ebpf::aarch64

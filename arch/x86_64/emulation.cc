// SPDX-License-Identifier: MIT
//
// What a trap does with a probed x86-64 instruction: emulate it, or send it
// through its slot. All here is in ebpf_noprobe, and this file is compiled
// without jump tables, whose indirect jumps the audit could not follow.
#include "arch/x86_64/emulation.h"

#include "arch/x86_64/probed_insn.h"
#include "core/base/noprobe.h"

namespace ebpf::x86_64 {
namespace {

using machine::ProbePlan;
using machine::StepState;

constexpr uint64_t kIfAndTf = kFlagInterrupt | kFlagTrap;

/// Where PtRegs has register `i` of the instruction set's numbering.
constexpr uint8_t kRegOffset[16] = {
    offsetof(PtRegs, rax), offsetof(PtRegs, rcx), offsetof(PtRegs, rdx),
    offsetof(PtRegs, rbx), offsetof(PtRegs, rsp), offsetof(PtRegs, rbp),
    offsetof(PtRegs, rsi), offsetof(PtRegs, rdi), offsetof(PtRegs, r8),
    offsetof(PtRegs, r9),  offsetof(PtRegs, r10), offsetof(PtRegs, r11),
    offsetof(PtRegs, r12), offsetof(PtRegs, r13), offsetof(PtRegs, r14),
    offsetof(PtRegs, r15),
};

EBPF_NOPROBE_INLINE uint64_t& Reg(PtRegs& regs, unsigned number) {
  return *reinterpret_cast<uint64_t*>(reinterpret_cast<uint8_t*>(&regs) +
                                      kRegOffset[number & 15]);
}

/// A stack may be at any alignment.
struct [[gnu::packed, gnu::may_alias]] Word {
  uint64_t value;
};

EBPF_NOPROBE_INLINE uint64_t Load(uint64_t address) {
  return reinterpret_cast<const Word*>(address)->value;
}

EBPF_NOPROBE_INLINE void Store(uint64_t address, uint64_t value) {
  reinterpret_cast<Word*>(address)->value = value;
}

EBPF_NOPROBE_INLINE void Push(PtRegs& regs, uint64_t value) {
  regs.rsp -= 8;
  Store(regs.rsp, value);
}

EBPF_NOPROBE_INLINE uint64_t Pop(PtRegs& regs) {
  const uint64_t value = Load(regs.rsp);
  regs.rsp += 8;
  return value;
}

/// The sixteen conditions of Jcc. [intel/vol1: EFLAGS Condition Codes]
EBPF_NOPROBE_INLINE bool Holds(unsigned condition, uint64_t flags) {
  const bool sign_is_overflow =
      ((flags & kFlagSign) != 0) == ((flags & kFlagOverflow) != 0);
  const unsigned pair = condition >> 1 & 7;
  bool holds = true;
  if (pair == 0) {
    holds = (flags & kFlagOverflow) != 0;
  } else if (pair == 1) {
    holds = (flags & kFlagCarry) != 0;
  } else if (pair == 2) {
    holds = (flags & kFlagZero) != 0;
  } else if (pair == 3) {
    holds = (flags & (kFlagCarry | kFlagZero)) != 0;
  } else if (pair == 4) {
    holds = (flags & kFlagSign) != 0;
  } else if (pair == 5) {
    holds = (flags & kFlagParity) != 0;
  } else if (pair == 6) {
    holds = !sign_is_overflow;
  } else {
    holds = (flags & kFlagZero) != 0 || !sign_is_overflow;
  }
  return holds == ((condition & 1) == 0);
}

/// LOOPNE, LOOPE, LOOP and JRCXZ, by the low bits of their opcodes.
EBPF_NOPROBE_INLINE bool LoopJumps(unsigned kind, PtRegs& regs) {
  if (kind == 3) {
    return regs.rcx == 0;
  }
  regs.rcx -= 1;
  const bool zero = (regs.rflags & kFlagZero) != 0;
  return regs.rcx != 0 && (kind == 2 || zero == (kind == 1));
}

EBPF_NOPROBE_INLINE uint64_t EffectiveAddress(uint64_t operand, PtRegs& regs) {
  const unsigned base = operand & 0xff;
  const unsigned index = operand >> 8 & 0xff;
  const unsigned scale = operand >> 16 & 0xff;
  auto address = static_cast<uint64_t>(static_cast<int64_t>(operand) >> 32);
  if (base < LeaOperand::kNoReg) {
    address += Reg(regs, base);
  }
  if (index < LeaOperand::kNoReg) {
    address += Reg(regs, index) << scale;
  }
  return address;
}

/// add or sub of `number` to rsp, with its flags.
EBPF_NOPROBE_INLINE void MoveStack(PtRegs& regs, uint64_t number,
                                   bool subtract) {
  constexpr uint64_t kAll = kFlagCarry | kFlagParity | kFlagAdjust | kFlagZero |
                            kFlagSign | kFlagOverflow;
  const uint64_t old = regs.rsp;
  const uint64_t sum = subtract ? old - number : old + number;
  const bool carry = subtract ? old < number : sum < old;
  // Overflow: the operands' signs (for sub: the other of the second) agree, and
  // the result's does not.
  const uint64_t second = subtract ? ~number : number;
  const bool overflow = ((~(old ^ second) & (old ^ sum)) >> 63) != 0;
  uint64_t parity = sum & 0xff;
  parity ^= parity >> 4;
  parity ^= parity >> 2;
  parity ^= parity >> 1;
  uint64_t flags = regs.rflags & ~kAll;
  flags |= carry ? kFlagCarry : 0;
  flags |= (parity & 1) == 0 ? kFlagParity : 0;
  flags |= (old ^ number ^ sum) & kFlagAdjust;
  flags |= sum == 0 ? kFlagZero : 0;
  flags |= (sum >> 63) != 0 ? kFlagSign : 0;
  flags |= overflow ? kFlagOverflow : 0;
  regs.rflags = flags;
  regs.rsp = sum;
}

/// What POPF at the kernel's privilege takes from the stack.
constexpr uint64_t kPoppedFlags = 0x247fd5;  // all but VM, RF, VIF, VIP

/// Where the instruction goes on; the rest of it is done.
EBPF_NOPROBE_INLINE uint64_t Carry(const ProbePlan& plan, PtRegs& regs) {
  const auto kind = static_cast<Emulation>(plan.emulation & 0xff);
  const unsigned reg = plan.emulation >> 8;
  const uint64_t operand = plan.operand;
  const uint64_t next = plan.address + plan.insn_size;
  if (kind == Emulation::kNop) {
    return next;
  }
  if (kind == Emulation::kPushReg) {
    Push(regs, Reg(regs, reg));
    return next;
  }
  if (kind == Emulation::kSubSp || kind == Emulation::kAddSp) {
    MoveStack(regs, operand, kind == Emulation::kSubSp);
    return next;
  }
  if (kind == Emulation::kMove64) {
    Reg(regs, reg) = Reg(regs, operand & 15);
    return next;
  }
  if (kind == Emulation::kMove32) {
    Reg(regs, reg) = static_cast<uint32_t>(Reg(regs, operand & 15));
    return next;
  }
  if (kind == Emulation::kMoveConstant) {
    Reg(regs, reg) = operand;
    return next;
  }
  if (kind == Emulation::kLea64) {
    Reg(regs, reg) = EffectiveAddress(operand, regs);
    return next;
  }
  if (kind == Emulation::kLea32) {
    Reg(regs, reg) = static_cast<uint32_t>(EffectiveAddress(operand, regs));
    return next;
  }
  if (kind == Emulation::kPushConst) {
    Push(regs, operand);
    return next;
  }
  if (kind == Emulation::kPushFlags) {
    Push(regs, regs.rflags & ~kFlagResume);
    return next;
  }
  if (kind == Emulation::kPopReg) {
    const uint64_t value = Pop(regs);
    Reg(regs, reg) = value;  // after the pop: it may be rsp itself
    return next;
  }
  if (kind == Emulation::kPopFlags) {
    const uint64_t value = Pop(regs);
    regs.rflags = (regs.rflags & ~kPoppedFlags) | (value & kPoppedFlags);
    return next;
  }
  if (kind == Emulation::kLeave) {
    regs.rsp = regs.rbp;
    regs.rbp = Pop(regs);
    return next;
  }
  if (kind == Emulation::kJump) {
    return operand;
  }
  if (kind == Emulation::kJumpIf) {
    return Holds(reg, regs.rflags) ? operand : next;
  }
  if (kind == Emulation::kLoop) {
    return LoopJumps(reg, regs) ? operand : next;
  }
  if (kind == Emulation::kJumpReg) {
    return Reg(regs, reg);
  }
  if (kind == Emulation::kCall) {
    Push(regs, next);
    return operand;
  }
  if (kind == Emulation::kCallReg) {
    const uint64_t target = Reg(regs, reg);  // before the push: may be rsp
    Push(regs, next);
    return target;
  }
  if (kind == Emulation::kReturn) {
    const uint64_t target = Pop(regs);
    regs.rsp += operand;
    return target;
  }
  if (kind == Emulation::kClearIf) {
    regs.rflags &= ~kFlagInterrupt;
    return next;
  }
  regs.rflags |= kFlagInterrupt;  // kSetIf, the last
  return next;
}

EBPF_NOPROBE_INLINE void RestoreBorrowed(const ProbePlan& plan,
                                         const StepState& state, PtRegs& regs) {
  if ((plan.emulation >> 8) != 0) {
    Reg(regs, (plan.emulation >> 8) - 1) = state.saved_register;
  }
}

}  // namespace

EBPF_NOPROBE void ProbedInsn::Emulate(const ProbePlan& plan,
                                      machine::PtRegs& opaque) {
  PtRegs& regs = RegsOf(opaque);
  regs.rip = Carry(plan, regs);
}

EBPF_NOPROBE void ProbedInsn::BeginStep(const ProbePlan& plan, uint64_t slot,
                                        machine::PtRegs& opaque,
                                        StepState& state) {
  PtRegs& regs = RegsOf(opaque);
  const auto kind = static_cast<Emulation>(plan.emulation & 0xff);
  // The trap flag would stop in the slot. Who set it stops one instruction
  // later, at its own place.
  state.saved_flags = regs.rflags;
  regs.rflags &= ~kIfAndTf;
  if ((plan.emulation >> 8) != 0) {
    uint64_t& borrowed = Reg(regs, (plan.emulation >> 8) - 1);
    state.saved_register = borrowed;
    // A borrowed register that is only written needs no value.
    if (plan.operand != 0) {
      borrowed = plan.operand;
    }
  } else if (kind == Emulation::kStepReturn) {
    state.saved_register = Load(regs.rsp);
  }
  regs.rip = slot;
}

EBPF_NOPROBE void ProbedInsn::EndStep(const ProbePlan& plan, uint64_t /*slot*/,
                                      const StepState& state,
                                      machine::PtRegs& opaque) {
  PtRegs& regs = RegsOf(opaque);
  const auto kind = static_cast<Emulation>(plan.emulation & 0xff);
  const uint64_t next = plan.address + plan.insn_size;
  regs.rip = next;
  if (kind == Emulation::kStepCall) {
    Store(regs.rsp, next);
    regs.rip = plan.operand;
  } else if (kind == Emulation::kStepCallVia) {
    regs.rip = Load(regs.rsp);
    Store(regs.rsp, next);
  } else if (kind == Emulation::kStepJumpVia) {
    regs.rip = regs.rsi;
  } else if (kind == Emulation::kStepReturn) {
    regs.rip = state.saved_register;
  } else if (kind == Emulation::kStepPushFlags) {
    Store(regs.rsp,
          (Load(regs.rsp) & ~kIfAndTf) | (state.saved_flags & kIfAndTf));
  }
  regs.rflags = (regs.rflags & ~kIfAndTf) | (state.saved_flags & kIfAndTf);
  RestoreBorrowed(plan, state, regs);
}

EBPF_NOPROBE void ProbedInsn::AbortStep(const ProbePlan& plan,
                                        const StepState& state,
                                        machine::PtRegs& opaque) {
  PtRegs& regs = RegsOf(opaque);
  regs.rip = plan.address;
  regs.rflags = (regs.rflags & ~kIfAndTf) | (state.saved_flags & kIfAndTf);
  RestoreBorrowed(plan, state, regs);
}

}  // namespace ebpf::x86_64

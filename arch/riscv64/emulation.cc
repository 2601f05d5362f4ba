// SPDX-License-Identifier: MIT
//
// What a trap does with a probed RISC-V instruction: emulate it, or send it
// through its slot. All here is in ebpf_noprobe, and this file is compiled
// without jump tables, whose indirect jumps the audit could not follow.
#include "arch/riscv64/emulation.h"

#include "arch/riscv64/probed_insn.h"
#include "core/base/noprobe.h"

namespace ebpf::riscv64 {
namespace {

using machine::ProbePlan;
using machine::StepState;

EBPF_NOPROBE_INLINE uint64_t Read(const PtRegs& regs, unsigned number) {
  return number == 0 ? 0 : regs.x[number - 1];
}

EBPF_NOPROBE_INLINE void Write(PtRegs& regs, unsigned number, uint64_t value) {
  if (number != 0) {
    regs.x[number - 1] = value;
  }
}

/// A stack may be at any alignment.
struct [[gnu::packed, gnu::may_alias]] Word {
  uint64_t value;
};

EBPF_NOPROBE_INLINE Word& MemoryAt(uint64_t address) {
  return *reinterpret_cast<Word*>(address);
}

/// BEQ, BNE, -, -, BLT, BGE, BLTU, BGEU by their funct3.
EBPF_NOPROBE_INLINE bool Holds(unsigned funct3, uint64_t a, uint64_t b) {
  bool holds = a == b;
  if (funct3 >= 6) {
    holds = a < b;
  } else if (funct3 >= 4) {
    holds = static_cast<int64_t>(a) < static_cast<int64_t>(b);
  }
  return holds == ((funct3 & 1) == 0);
}

/// Where the instruction goes on; the rest of it is done.
EBPF_NOPROBE_INLINE uint64_t Carry(const ProbePlan& plan, PtRegs& regs) {
  const auto kind = static_cast<Emulation>(plan.emulation & 0xff);
  const unsigned reg = plan.emulation >> 8;
  const uint64_t next = plan.address + plan.insn_size;
  const PairOperand pair(plan.operand);
  if (kind == Emulation::kAddImmediate) {
    Write(regs, reg, Read(regs, pair.a) + pair.immediate);
    return next;
  }
  if (kind == Emulation::kSetConstant) {
    Write(regs, reg, plan.operand);
    return next;
  }
  if (kind == Emulation::kStoreToSp) {
    MemoryAt(Read(regs, kSp) + plan.operand).value = Read(regs, reg);
    return next;
  }
  if (kind == Emulation::kLoadFromSp) {
    Write(regs, reg, MemoryAt(Read(regs, kSp) + plan.operand).value);
    return next;
  }
  if (kind == Emulation::kBranch) {
    const bool taken = Holds(reg, Read(regs, pair.a), Read(regs, pair.b));
    return taken ? plan.address + pair.immediate : next;
  }
  if (kind == Emulation::kJump) {
    Write(regs, reg, next);
    return plan.operand;
  }
  // kJumpReg, the last. The target is read before the link is written: they may
  // be one register.
  const uint64_t target = (Read(regs, pair.a) + pair.immediate) & ~uint64_t{1};
  Write(regs, reg, next);
  return target;
}

EBPF_NOPROBE_INLINE void RestoreInterrupts(const StepState& state,
                                           PtRegs& regs) {
  regs.status =
      (regs.status & ~kStatusSpie) | (state.saved_flags & kStatusSpie);
}

}  // namespace

EBPF_NOPROBE void ProbedInsn::Emulate(const ProbePlan& plan,
                                      machine::PtRegs& opaque) {
  PtRegs& regs = RegsOf(opaque);
  regs.epc = Carry(plan, regs);
}

EBPF_NOPROBE void ProbedInsn::BeginStep(const ProbePlan& /*plan*/,
                                        uint64_t slot, machine::PtRegs& opaque,
                                        StepState& state) {
  PtRegs& regs = RegsOf(opaque);
  state.saved_flags = regs.status;
  regs.status &= ~kStatusSpie;  // off after sret
  regs.epc = slot;
}

EBPF_NOPROBE void ProbedInsn::EndStep(const ProbePlan& plan, uint64_t /*slot*/,
                                      const StepState& state,
                                      machine::PtRegs& opaque) {
  PtRegs& regs = RegsOf(opaque);
  RestoreInterrupts(state, regs);
  regs.epc = plan.address + plan.insn_size;
}

EBPF_NOPROBE void ProbedInsn::AbortStep(const ProbePlan& plan,
                                        const StepState& state,
                                        machine::PtRegs& opaque) {
  PtRegs& regs = RegsOf(opaque);
  RestoreInterrupts(state, regs);
  regs.epc = plan.address;
}

}  // namespace ebpf::riscv64

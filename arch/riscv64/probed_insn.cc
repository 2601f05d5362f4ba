// SPDX-License-Identifier: MIT
//
// Which RISC-V instructions can be probed, and how: the plan. emulation.cc
// carries it out.
#include "arch/riscv64/probed_insn.h"

#include "arch/riscv64/breakpoint.h"
#include "arch/riscv64/emulation.h"
#include "arch/riscv64/insn_fields.h"
#include "arch/riscv64/liveness.h"
#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf::riscv64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

constexpr unsigned kZero = 0;

/// The longest loop of LR and SC that is sure to end, in instructions.
/// [riscv/unpriv: Zalrsc, constrained LR/SC loops]
constexpr unsigned kMaxReservedInsns = 16;

uint16_t HalfAt(ConstBytes code, size_t offset) {
  return static_cast<uint16_t>(code[offset] | code[offset + 1] << 8);
}

uint32_t WordAt(ConstBytes code, size_t offset) {
  return HalfAt(code, offset) | static_cast<uint32_t>(HalfAt(code, offset + 2))
                                    << 16;
}

/// The length of the instruction at `offset`, if all of it is in `code`.
Result<uint8_t> SizeAt(ConstBytes code, size_t offset) {
  if (!code.Contains(offset, 2)) {
    return Status::kBadSequence;
  }
  const unsigned size = InsnSize(HalfAt(code, offset));
  if (size == 0 || !code.Contains(offset, size)) {
    return Status::kBadSequence;
  }
  return static_cast<uint8_t>(size);
}

constexpr unsigned kLrFunct5 = 2;
constexpr unsigned kScFunct5 = 3;

bool IsAmo(uint32_t word, unsigned funct5) {
  return Opcode(word) == kOpAmo && Funct5(word) == funct5;
}

/// Walks to `offset`: kBadSequence if no instruction starts there; else whether
/// it is behind a load-reserved whose store-conditional has not come yet. A
/// trap there would lose the reservation each time.
Result<bool> IsReservedAt(ConstBytes code, size_t offset) {
  unsigned reserved = 0;  // instructions for which it may still go on
  size_t at = 0;
  while (at < offset) {
    const uint8_t size = EBPF_TRY(SizeAt(code, at));
    reserved -= reserved != 0 ? 1 : 0;
    if (size == 4) {
      const uint32_t word = WordAt(code, at);
      if (IsAmo(word, kLrFunct5)) {
        reserved = kMaxReservedInsns;
      } else if (IsAmo(word, kScFunct5)) {
        reserved = 0;
      }
    }
    at += size;
  }
  if (at != offset) {
    return Status::kBadSequence;
  }
  return reserved != 0;
}

bool MayProbe(uint32_t word) {
  switch (Opcode(word)) {
    case kOpSystem:  // traps, returns, control registers, their fences
    case kOpCustom0:
    case kOpCustom1:
    case kOpCustom2:
    case kOpReserved:
    case kOpCustom3:
      return false;
    case kOpMiscMem:
      return Funct3(word) != 1;  // fence.i
    case kOpAmo:
      return !IsAmo(word, kLrFunct5) && !IsAmo(word, kScFunct5);
    default:
      return true;
  }
}

bool MayProbeCompressed(uint16_t half) {
  constexpr uint16_t kCEbreak = 0x9002;
  return half != 0 && half != kCEbreak;  // 0 is illegal on purpose
}

/// Fills in the emulation of one instruction, if it has one.
class Emulator {
 public:
  Emulator(ProbePlan& plan, bool may_set_sp)
      : plan_(plan), may_set_sp_(may_set_sp) {}

  bool PlanWord(uint32_t w) {
    switch (Opcode(w)) {
      case kOpLui:
        return SetConstant(Rd(w), static_cast<uint64_t>(ImmU(w)));
      case kOpAuipc:
        return SetConstant(Rd(w),
                           plan_.address + static_cast<uint64_t>(ImmU(w)));
      case kOpImm:
        return Funct3(w) == 0 && AddImmediate(Rd(w), Rs1(w), ImmI(w));
      case kOpJal:
        return Jump(Rd(w), ImmJ(w));
      case kOpJalr:
        return Funct3(w) == 0 && JumpReg(Rd(w), Rs1(w), ImmI(w));
      case kOpBranch:
        return Branch(Funct3(w), Rs1(w), Rs2(w), ImmB(w));
      case kOpLoad:
        return Funct3(w) == 3 && Rs1(w) == kSp && LoadFromSp(Rd(w), ImmI(w));
      case kOpStore:
        return Funct3(w) == 3 && Rs1(w) == kSp && StoreToSp(Rs2(w), ImmS(w));
      default:
        return false;
    }
  }

  bool PlanHalf(uint16_t h) {
    switch (CompressedOpcode(h)) {
      case kCAddi4spn:
        return CImmAddi4spn(h) != 0 &&
               AddImmediate(CRdShort(h), kSp, CImmAddi4spn(h));
      case kCAddi:
        return AddImmediate(CRd(h), CRd(h), CImm6(h));
      case kCLi:
        return AddImmediate(CRd(h), kZero, CImm6(h));
      case kCLui:
        return LuiOrAddi16sp(h);
      case kCJ:
        return Jump(kZero, CImmJ(h));
      case kCBeqz:
        return Branch(0, CRs1Short(h), kZero, CImmB(h));
      case kCBnez:
        return Branch(1, CRs1Short(h), kZero, CImmB(h));
      case kCLdsp:
        return CRd(h) != 0 && LoadFromSp(CRd(h), CImmLdsp(h));
      case kCSdsp:
        return StoreToSp(CRs2(h), CImmSdsp(h));
      case kCJumpOrMove:
        return JumpOrMove(h);
      default:
        return false;
    }
  }

 private:
  bool Set(Emulation kind, unsigned reg, uint64_t operand) {
    plan_.method = ProbeMethod::kEmulate;
    plan_.emulation = Encode(kind, reg);
    plan_.operand = operand;
    return true;
  }

  /// Whether a trap may write `rd`.
  bool MayWrite(unsigned rd) const { return rd != kSp || may_set_sp_; }

  bool SetConstant(unsigned rd, uint64_t value) {
    return MayWrite(rd) && Set(Emulation::kSetConstant, rd, value);
  }
  bool AddImmediate(unsigned rd, unsigned rs1, int64_t immediate) {
    return MayWrite(rd) && Set(Emulation::kAddImmediate, rd,
                               PairOperand::Encode(rs1, 0, immediate));
  }
  bool Jump(unsigned rd, int64_t offset) {
    return MayWrite(rd) && Set(Emulation::kJump, rd,
                               plan_.address + static_cast<uint64_t>(offset));
  }
  bool JumpReg(unsigned rd, unsigned rs1, int64_t immediate) {
    return MayWrite(rd) &&
           Set(Emulation::kJumpReg, rd, PairOperand::Encode(rs1, 0, immediate));
  }
  bool Branch(unsigned funct3, unsigned rs1, unsigned rs2, int64_t offset) {
    return funct3 != 2 && funct3 != 3 &&
           Set(Emulation::kBranch, funct3,
               PairOperand::Encode(rs1, rs2, offset));
  }
  // Below sp lies the trap's own frame: the slot is for that.
  bool LoadFromSp(unsigned rd, int64_t offset) {
    return offset >= 0 && MayWrite(rd) &&
           Set(Emulation::kLoadFromSp, rd, static_cast<uint64_t>(offset));
  }
  bool StoreToSp(unsigned rs2, int64_t offset) {
    return offset >= 0 &&
           Set(Emulation::kStoreToSp, rs2, static_cast<uint64_t>(offset));
  }

  bool LuiOrAddi16sp(uint16_t h) {
    if (CRd(h) == kSp) {
      return CImmAddi16sp(h) != 0 && AddImmediate(kSp, kSp, CImmAddi16sp(h));
    }
    return CImm6(h) != 0 &&
           SetConstant(CRd(h), static_cast<uint64_t>(CImm6(h)) << 12);
  }

  bool JumpOrMove(uint16_t h) {
    const bool links = Field(h, 12, 1) != 0;
    if (CRs2(h) == 0) {
      return CRd(h) != 0 && JumpReg(links ? kRa : kZero, CRd(h), 0);
    }
    return !links && AddImmediate(CRd(h), CRs2(h), 0);  // else c.add
  }

  ProbePlan& plan_;
  const bool may_set_sp_;
};

/// `dead`: registers that nobody reads any more behind the instruction; the
/// plan keeps one of them, or 0, for a jump back that is far.
void PlanStep(ProbePlan& plan, RegisterSet dead) {
  plan.method = ProbeMethod::kStep;
  plan.emulation = Encode(Emulation::kStep);
  plan.operand = dead != 0 ? BitWidth(dead) - 1 : kZero;
  CopyBytes(plan.slot, plan.insn, plan.insn_size);
  CopyBytes(plan.slot + plan.insn_size, plan.breakpoint, plan.breakpoint_size);
  plan.step_trap_offset = plan.insn_size;
  plan.slot_size = static_cast<uint8_t>(plan.insn_size + plan.breakpoint_size);
}

/// Instructions whose copy would do something else, and which have an emulation
/// unless they are no instructions at all or set sp where that is impossible.
bool DependsOnPc(ConstBytes insn) {
  const uint16_t half = HalfAt(insn, 0);
  if (insn.size() == 2) {
    const unsigned opcode = CompressedOpcode(half);
    return opcode == kCJ || opcode == kCBeqz || opcode == kCBnez ||
           (opcode == kCJumpOrMove && CRs2(half) == 0);
  }
  switch (Opcode(WordAt(insn, 0))) {
    case kOpAuipc:
    case kOpJal:
    case kOpJalr:
    case kOpBranch:
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<uint8_t> ProbedInsn::Size(ConstBytes code) { return SizeAt(code, 0); }

Result<ProbePlan> ProbedInsn::Plan(ConstBytes code, uint64_t function,
                                   size_t offset, uint32_t trap_stub) {
  if (offset >= code.size()) {
    return Status::kInvalid;
  }
  const bool reserved = EBPF_TRY(IsReservedAt(code, offset));
  const uint8_t size = EBPF_TRY(SizeAt(code, offset));
  const ConstBytes insn = code.Subspan(offset, size);
  if (reserved || !(size == 2 ? MayProbeCompressed(HalfAt(insn, 0))
                              : MayProbe(WordAt(insn, 0)))) {
    return Status::kInvalid;
  }
  ProbePlan plan = {};
  plan.address = function + offset;
  plan.insn_size = size;
  CopyBytes(plan.insn, insn.data(), size);
  const ConstBytes breakpoint = Breakpoint::Opcode(insn);
  plan.breakpoint_size = static_cast<uint8_t>(breakpoint.size());
  CopyBytes(plan.breakpoint, breakpoint.data(), breakpoint.size());
  Emulator emulator(plan, (trap_stub & machine::kTrapStubSetsSp) != 0);
  if (size == 2 ? emulator.PlanHalf(HalfAt(insn, 0))
                : emulator.PlanWord(WordAt(insn, 0))) {
    return plan;
  }
  if (DependsOnPc(insn)) {
    return Status::kInvalid;
  }
  PlanStep(plan, DeadWithin(code, offset + size));
  return plan;
}

}  // namespace ebpf::riscv64

// SPDX-License-Identifier: MIT
//
// Which AArch64 instructions can be probed, and how: the plan. emulation.cc
// carries it out. Encodings: [arm/arm: C4, A64 Instruction Set Encoding].
#include "arch/aarch64/probed_insn.h"

#include "arch/aarch64/breakpoint.h"
#include "arch/aarch64/emulation.h"
#include "core/base/bits.h"
#include "core/base/memory.h"

namespace ebpf::aarch64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

constexpr uint8_t kInsnSize = 4;

/// Between a load-exclusive and its store there are at most this many
/// instructions in code that anybody would write.
constexpr unsigned kMaxExclusiveInsns = 32;

constexpr uint32_t Field(uint32_t word, unsigned low, unsigned count) {
  return word >> low & ((1u << count) - 1);
}
constexpr bool Bit(uint32_t word, unsigned number) {
  return (word >> number & 1) != 0;
}
constexpr int64_t SignedField(uint32_t word, unsigned low, unsigned count) {
  return SignExtend(Field(word, low, count), count);
}
constexpr bool Matches(uint32_t word, uint32_t mask, uint32_t value) {
  return (word & mask) == value;
}
constexpr unsigned Rd(uint32_t word) { return Field(word, 0, 5); }
constexpr unsigned Rn(uint32_t word) { return Field(word, 5, 5); }

uint32_t WordAt(ConstBytes code, size_t offset) {
  uint32_t word = 0;
  CopyBytes(&word, code.data() + offset, sizeof(word));
  return LittleEndian(word);
}

/// LDXR, STXR, LDAXR, STLXR, their pairs and unprivileged forms, but not CAS,
/// CASP, LDAR, STLR, which share their groups.
bool IsExclusive(uint32_t w) {
  return Matches(w, 0x3fa00000, 0x08000000) ||  // o2 = 0, o1 = 0
         Matches(w, 0xbfa00000, 0x88200000) ||  // o2 = 0, o1 = 1, size 1x
         Matches(w, 0xbfa00000, 0x89000000);    // LDTXR, STTXR and their like
}
bool IsExclusiveLoad(uint32_t w) { return IsExclusive(w) && Bit(w, 22); }

/// Whether `offset` lies between a load-exclusive and its store: a trap there
/// would lose the reservation each time.
bool IsReservedAt(ConstBytes code, size_t offset) {
  for (unsigned i = 0; i < kMaxExclusiveInsns && offset >= kInsnSize; ++i) {
    offset -= kInsnSize;
    const uint32_t word = WordAt(code, offset);
    if (IsExclusive(word)) {
      return IsExclusiveLoad(word);
    }
  }
  return false;
}

/// The group of branches, exceptions and system instructions.
bool IsBranchOrSystem(uint32_t w) { return Field(w, 26, 3) == 5; }

/// MRS, of what a trap itself changes: SPSR_EL1, ELR_EL1, ESR_EL1, and FAR_EL1,
/// which a breakpoint makes unknown. DAIF has an emulation.
bool ReadsWhatTrapsChange(uint32_t w) {
  constexpr uint32_t kSpsr = 0xd5384000;
  constexpr uint32_t kElr = 0xd5384020;
  constexpr uint32_t kEsr = 0xd5385200;
  constexpr uint32_t kFar = 0xd5386000;
  const uint32_t insn = w & ~31u;
  return insn == kSpsr || insn == kElr || insn == kEsr || insn == kFar;
}

/// WFE and WFI: they would wait with interrupts masked.
bool IsWait(uint32_t w) { return w == 0xd503205f || w == 0xd503207f; }

/// DSB, DMB, ISB, SB, CLREX; but TCOMMIT not: a trap ends the transaction.
bool IsBarrier(uint32_t w) {
  const unsigned op2 = Field(w, 5, 3);
  const bool dsb_nxs = op2 == 1 && Field(w, 8, 2) == 2;
  return Matches(w, 0xfffff01f, 0xd503301f) &&
         (op2 == 2 || op2 >= 4 || dsb_nxs);
}

/// Of the system instructions: hints, barriers, cache maintenance (SYS), and
/// MRS. Writing system registers or pstate would change what the trap behind
/// the instruction relies on.
bool MayStepSystem(uint32_t w) {
  if (!Matches(w, 0xffc00000, 0xd5000000) || IsWait(w)) {
    return false;  // exceptions, and branches without an emulation
  }
  if (Matches(w, 0xfffff01f, 0xd503201f) ||  // hints
      IsBarrier(w) ||
      Matches(w, 0xffd80000, 0xd5080000)) {  // sys, sysl: dc, ic, tlbi, at
    return true;
  }
  return Matches(w, 0xfff00000, 0xd5300000) && !ReadsWhatTrapsChange(w);
}

/// PC-relative instructions outside of the branches, without an emulation.
bool DependsOnPc(uint32_t w) {
  return Matches(w, 0x3f000000, 0x1c000000) ||  // ldr (literal) of SIMD
         Matches(w, 0xffffc000, 0xdac18000) ||  // paciasppc and the like
         Matches(w, 0xffc0001f, 0xf380001f);    // autiasppc
}

/// CPY*, SET*: of their three one goes on from the registers that the one
/// before it left, and a CPU that does it another way goes back by pc.
bool IsPartOfCopy(uint32_t w) { return Matches(w, 0x3b200c00, 0x19000400); }

bool MayStep(uint32_t w) {
  if (IsBranchOrSystem(w)) {
    return MayStepSystem(w);
  }
  const bool reserved_group = Field(w, 25, 4) == 0 && !Bit(w, 31);  // udf
  return !reserved_group && !IsExclusive(w) && !DependsOnPc(w) &&
         !IsPartOfCopy(w);
}

/// Fills in the emulation of one instruction, if it has one.
class Emulator {
 public:
  Emulator(ProbePlan& plan, uint32_t trap_stub)
      : plan_(plan),
        may_set_sp_((trap_stub & machine::kTrapStubSetsSp) != 0),
        may_push_(may_set_sp_ &&
                  (trap_stub & machine::kTrapStubLeavesGap) != 0) {}

  bool Plan(uint32_t w) {
    return Branch(w) || BranchToReg(w) || Address(w) || Literal(w) || Move(w) ||
           AddOrSub(w) || StackPair(w) || StackSingle(w) || Masks(w) || Nop(w);
  }

 private:
  bool Set(Emulation kind, unsigned reg = 0, uint64_t operand = 0) {
    plan_.method = ProbeMethod::kEmulate;
    plan_.emulation = Encode(kind, reg);
    plan_.operand = operand;
    return true;
  }

  uint64_t Relative(int64_t words) const {
    return plan_.address + static_cast<uint64_t>(words * kInsnSize);
  }

  bool Branch(uint32_t w) {
    if (Matches(w, 0x7c000000, 0x14000000)) {  // b, bl
      return Set(Bit(w, 31) ? Emulation::kCall : Emulation::kJump, 0,
                 Relative(SignedField(w, 0, 26)));
    }
    if (Matches(w, 0xff000000, 0x54000000)) {  // b.cond, bc.cond
      return Set(Emulation::kJumpIf, Field(w, 0, 4),
                 Relative(SignedField(w, 5, 19)));
    }
    const bool nonzero = Bit(w, 24);
    if (Matches(w, 0x7e000000, 0x34000000)) {  // cbz, cbnz
      return Set(Emulation::kCompareJump,
                 CompareReg::Encode(Rd(w), nonzero, Bit(w, 31)),
                 Relative(SignedField(w, 5, 19)));
    }
    if (Matches(w, 0x7e000000, 0x36000000)) {  // tbz, tbnz
      const unsigned bit = Field(w, 19, 5) | (Bit(w, 31) ? 32 : 0);
      return Set(Emulation::kTestJump, CompareReg::Encode(Rd(w), nonzero, true),
                 TestOperand::Encode(bit, SignedField(w, 5, 14) * kInsnSize));
    }
    return false;
  }

  bool BranchToReg(uint32_t w) {
    constexpr uint32_t kMask = 0xfffffc1f;
    if (Matches(w, kMask, 0xd61f0000) || Matches(w, kMask, 0xd65f0000)) {
      return Set(Emulation::kJumpReg, Rn(w));  // br, ret
    }
    return Matches(w, kMask, 0xd63f0000) && Set(Emulation::kCallReg, Rn(w));
  }

  bool Address(uint32_t w) {
    if (!Matches(w, 0x1f000000, 0x10000000)) {
      return false;
    }
    const int64_t offset = SignedField(w, 5, 19) * 4 + Field(w, 29, 2);
    if (!Bit(w, 31)) {  // adr
      return Set(Emulation::kSetConstant, Rd(w),
                 plan_.address + static_cast<uint64_t>(offset));
    }
    constexpr uint64_t kPage = 4096;
    return Set(Emulation::kSetConstant, Rd(w),
               AlignDown(plan_.address, kPage) +
                   static_cast<uint64_t>(offset) * kPage);
  }

  bool Literal(uint32_t w) {
    if (!Matches(w, 0x3f000000, 0x18000000)) {
      return false;
    }
    constexpr Emulation kBySize[] = {Emulation::kLoad32, Emulation::kLoad64,
                                     Emulation::kLoadSigned32,
                                     Emulation::kNop};  // prfm
    return Set(kBySize[w >> 30], Rd(w), Relative(SignedField(w, 5, 19)));
  }

  bool Move(uint32_t w) {
    if (Matches(w, 0x7fe0ffe0, 0x2a0003e0)) {  // mov between registers
      return Set(Bit(w, 31) ? Emulation::kMove64 : Emulation::kMove32, Rd(w),
                 Field(w, 16, 5));
    }
    const bool zero = Matches(w, 0x7f800000, 0x52800000);  // movz
    const bool ones = Matches(w, 0x7f800000, 0x12800000);  // movn
    if ((!zero && !ones) || (!Bit(w, 31) && Bit(w, 22))) {
      return false;
    }
    uint64_t value = uint64_t{Field(w, 5, 16)} << (16 * Field(w, 21, 2));
    value = ones ? ~value : value;
    return Set(Emulation::kSetConstant, Rd(w),
               Bit(w, 31) ? value : static_cast<uint32_t>(value));
  }

  bool AddOrSub(uint32_t w) {
    if (!Matches(w, 0xbf800000, 0x91000000) ||
        (Rd(w) == kReg31 && !may_set_sp_)) {
      return false;
    }
    const int64_t number = int64_t{Field(w, 10, 12)} << (Bit(w, 22) ? 12 : 0);
    return Set(Emulation::kAddImmediate, Rd(w),
               AddOperand::Encode(Rn(w), Bit(w, 30) ? -number : number));
  }

  bool StackAccess(unsigned a, unsigned b, int64_t offset, int64_t writeback,
                   uint64_t flags) {
    const bool load = (flags & StackOperand::kLoad) != 0;
    const bool below = offset < 0;
    if ((below && (load || !may_push_)) || (writeback != 0 && !may_set_sp_)) {
      return false;
    }
    return Set(Emulation::kStackAccess, 0,
               StackOperand::Encode(a, b, offset, writeback, flags));
  }

  /// ldp and stp of x registers, base sp.
  bool StackPair(uint32_t w) {
    if (!Matches(w, 0xfe000000, 0xa8000000) || Rn(w) != kReg31) {
      return false;
    }
    const int64_t immediate = SignedField(w, 15, 7) * 8;
    const uint64_t flags =
        StackOperand::kPair | (Bit(w, 22) ? StackOperand::kLoad : 0);
    const unsigned b = Field(w, 10, 5);
    if (Bit(w, 22) && Rd(w) == b) {
      return false;  // one register twice: the CPU decides
    }
    switch (Field(w, 23, 2)) {
      case 1:  // post-index
        return StackAccess(Rd(w), b, 0, immediate, flags);
      case 2:  // offset
        return StackAccess(Rd(w), b, immediate, 0, flags);
      case 3:  // pre-index
        return StackAccess(Rd(w), b, immediate, immediate, flags);
      default:
        return false;  // stnp, ldnp
    }
  }

  /// ldr and str of an x register, base sp.
  bool StackSingle(uint32_t w) {
    if (Rn(w) != kReg31) {
      return false;
    }
    const uint64_t flags = Bit(w, 22) ? StackOperand::kLoad : 0;
    if (Matches(w, 0xff800000, 0xf9000000)) {
      return StackAccess(Rd(w), 0, int64_t{Field(w, 10, 12)} * 8, 0, flags);
    }
    const int64_t immediate = SignedField(w, 12, 9);
    if (Matches(w, 0xffa00c00, 0xf8000400)) {
      return StackAccess(Rd(w), 0, 0, immediate, flags);
    }
    return Matches(w, 0xffa00c00, 0xf8000c00) &&
           StackAccess(Rd(w), 0, immediate, immediate, flags);
  }

  /// MRS and MSR of DAIF, by which kernels mask interrupts: pstate in the
  /// trap's frame is what they are about.
  bool Masks(uint32_t w) {
    constexpr uint32_t kReg = 0xffffffe0;
    if (Matches(w, kReg, 0xd53b4220)) {
      return Set(Emulation::kReadMasks, Rd(w));
    }
    if (Matches(w, kReg, 0xd51b4220)) {
      return Set(Emulation::kWriteMasks, Rd(w));
    }
    constexpr unsigned kDaifShift = 6;
    const uint64_t masks = uint64_t{Field(w, 8, 4)} << kDaifShift;
    constexpr uint32_t kConstant = 0xfffff0ff;
    return (Matches(w, kConstant, 0xd50340df) &&
            Set(Emulation::kSetMasks, 0, masks)) ||
           (Matches(w, kConstant, 0xd50340ff) &&
            Set(Emulation::kClearMasks, 0, masks));
  }

  /// nop; bti, which does nothing where it is not checked, and a breakpoint is
  /// never checked.
  bool Nop(uint32_t w) {
    constexpr uint32_t kNop = 0xd503201f;
    return (w == kNop || Matches(w, 0xffffff3f, 0xd503241f)) &&
           Set(Emulation::kNop);
  }

  ProbePlan& plan_;
  const bool may_set_sp_;
  const bool may_push_;
};

void PlanStep(ProbePlan& plan) {
  plan.method = ProbeMethod::kStep;
  plan.emulation = Encode(Emulation::kStep);
  CopyBytes(plan.slot, plan.insn, kInsnSize);
  CopyBytes(plan.slot + kInsnSize, plan.breakpoint, kInsnSize);
  plan.step_trap_offset = kInsnSize;
  plan.slot_size = 2 * kInsnSize;
}

}  // namespace

Result<uint8_t> ProbedInsn::Size(ConstBytes code) {
  if (code.size() < kInsnSize) {
    return Status::kBadSequence;
  }
  return kInsnSize;
}

Result<ProbePlan> ProbedInsn::Plan(ConstBytes code, uint64_t function,
                                   size_t offset, uint32_t trap_stub) {
  if (offset >= code.size()) {
    return Status::kInvalid;
  }
  if (offset % kInsnSize != 0 || function % kInsnSize != 0 ||
      !code.Contains(offset, kInsnSize)) {
    return Status::kBadSequence;
  }
  const uint32_t word = WordAt(code, offset);
  if (IsReservedAt(code, offset)) {
    return Status::kInvalid;
  }
  ProbePlan plan = {};
  plan.address = function + offset;
  plan.insn_size = kInsnSize;
  plan.breakpoint_size = kInsnSize;
  CopyBytes(plan.insn, code.data() + offset, kInsnSize);
  CopyBytes(plan.breakpoint, Breakpoint::kBrk, kInsnSize);
  if (Emulator(plan, trap_stub).Plan(word)) {
    return plan;
  }
  if (!MayStep(word)) {
    return Status::kInvalid;
  }
  PlanStep(plan);
  return plan;
}

}  // namespace ebpf::aarch64

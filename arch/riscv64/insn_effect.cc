// SPDX-License-Identifier: MIT
//
// arch/riscv64/insn_effect.h's implementation: what is not listed here is
// unknown. [riscv/unpriv: RV32/64G Instruction Set Listings; C; Zba; Zbb; Zbs;
// Zicond; Zcb]
#include "arch/riscv64/insn_effect.h"

#include "arch/riscv64/insn_fields.h"
#include "arch/riscv64/pt_regs.h"

namespace ebpf::riscv64 {
namespace {

using Next = InsnEffect::Next;

// Opcodes that insn_fields.h does not need.
constexpr uint32_t kOpLoadFp = 0x07;
constexpr uint32_t kOpImm32 = 0x1b;
constexpr uint32_t kOpStoreFp = 0x27;
constexpr uint32_t kOpReg = 0x33;
constexpr uint32_t kOpReg32 = 0x3b;
constexpr uint32_t kOpMadd = 0x43;
constexpr uint32_t kOpMsub = 0x47;
constexpr uint32_t kOpNmsub = 0x4b;
constexpr uint32_t kOpNmadd = 0x4f;
constexpr uint32_t kOpFp = 0x53;

constexpr unsigned kZero = 0;

InsnEffect Plain(RegisterSet reads, RegisterSet writes) {
  InsnEffect effect;
  effect.reads = reads;
  effect.writes = writes;
  effect.next = Next::kFollowing;
  effect.may_fault = false;
  return effect;
}

/// An access to memory at `base`.
InsnEffect Access(unsigned base, RegisterSet reads, RegisterSet writes) {
  InsnEffect effect = Plain(SetOf(base) | reads, writes);
  effect.may_fault = base != kSp;
  return effect;
}

/// What may be undefined, or not enabled.
InsnEffect MayFault(InsnEffect effect) {
  effect.may_fault = true;
  return effect;
}

InsnEffect JumpBy(unsigned link, int64_t distance) {
  InsnEffect effect;
  effect.has_distance = true;
  effect.distance = distance;
  effect.may_fault = false;
  if (link == kZero) {
    effect.reads = 0;
    effect.next = Next::kJump;
  } else if (link == kRa) {
    effect.next = Next::kCall;
    effect.writes = SetOf(kRa);
  }
  return effect;
}

InsnEffect JumpTo(unsigned link, unsigned base, int64_t offset) {
  InsnEffect effect;
  effect.may_fault = false;
  if (link == kZero) {
    const bool returns = base == kRa && offset == 0;
    effect.next = returns ? Next::kReturn : Next::kIndirect;
  } else if (link == kRa) {
    effect.next = Next::kCall;
    effect.writes = SetOf(kRa);
  }
  return effect;
}

InsnEffect BranchBy(RegisterSet reads, int64_t distance) {
  InsnEffect effect = Plain(reads, 0);
  effect.next = Next::kBranch;
  effect.has_distance = true;
  effect.distance = distance;
  return effect;
}

/// Of three registers, with this funct7: others may read their destination.
bool IsKnownOp(unsigned funct7, bool is_word) {
  switch (funct7) {
    case 0x00:
    case 0x01:  // M
    case 0x04:  // Zba's add.uw, zext.h
    case 0x10:  // Zba
    case 0x20:
    case 0x30:  // rotations
      return true;
    case 0x05:  // min, max, clmul
    case 0x07:  // Zicond
    case 0x14:  // bset
    case 0x24:  // bclr, bext
    case 0x34:  // binv
      return !is_word;
    default:
      return false;
  }
}

/// Others read their destination (amocas), or are not in all kernels.
bool IsKnownAmo(unsigned funct5) { return funct5 <= 4 || funct5 % 4 == 0; }

/// Loads and stores of floating point; the other widths are vectors'.
bool IsScalarWidth(unsigned funct3) { return funct3 >= 1 && funct3 <= 4; }

InsnEffect System(uint32_t w) {
  constexpr uint32_t kWfi = 0x10500073;
  constexpr unsigned kSfenceVma = 9;
  const unsigned funct3 = Funct3(w);
  if (funct3 == 0) {
    if (w == kWfi || Field(w, 25, 7) == kSfenceVma) {
      return MayFault(Plain(SetOf(Rs1(w)) | SetOf(Rs2(w)), 0));
    }
    return {};
  }
  // Control registers, by a register or a constant.
  return funct3 == 4 ? InsnEffect{}
                     : MayFault(Plain(SetOf(Rs1(w)), SetOf(Rd(w))));
}

InsnEffect EffectOfWord(uint32_t w) {
  const RegisterSet rd = SetOf(Rd(w));
  const RegisterSet both = SetOf(Rs1(w)) | SetOf(Rs2(w));
  switch (Opcode(w)) {
    case kOpLoad:
      return Funct3(w) != 7 ? Access(Rs1(w), 0, rd) : InsnEffect{};
    case kOpStore:
      return Funct3(w) <= 3 ? Access(Rs1(w), both, 0) : InsnEffect{};
    case kOpLoadFp:
    case kOpStoreFp:
      return IsScalarWidth(Funct3(w)) ? MayFault(Access(Rs1(w), 0, 0))
                                      : InsnEffect{};
    case kOpMiscMem:  // fences; operations on blocks of the cache
      return Funct3(w) == 0   ? Plain(0, 0)
             : Funct3(w) <= 2 ? MayFault(Plain(SetOf(Rs1(w)), 0))
                              : InsnEffect{};
    case kOpImm:
    case kOpImm32:
      return Plain(SetOf(Rs1(w)), rd);
    case kOpAuipc:
    case kOpLui:
      return Plain(0, rd);
    case kOpAmo:
      return IsKnownAmo(Funct5(w)) && (Funct3(w) & 6) == 2
                 ? MayFault(Access(Rs1(w), both, rd))
                 : InsnEffect{};
    case kOpReg:
    case kOpReg32:
      return IsKnownOp(Field(w, 25, 7), Opcode(w) == kOpReg32) ? Plain(both, rd)
                                                               : InsnEffect{};
    case kOpMadd:
    case kOpMsub:
    case kOpNmsub:
    case kOpNmadd:
    case kOpFp:  // some read a general register, some write one
      return MayFault(Plain(both, 0));
    case kOpBranch:
      return Funct3(w) != 2 && Funct3(w) != 3 ? BranchBy(both, ImmB(w))
                                              : InsnEffect{};
    case kOpJal:
      return JumpBy(Rd(w), ImmJ(w));
    case kOpJalr:
      return Funct3(w) == 0 ? JumpTo(Rd(w), Rs1(w), ImmI(w)) : InsnEffect{};
    case kOpSystem:
      return System(w);
    default:
      return {};
  }
}

// The first quadrant: loads and stores at a register of x8 to x15.
InsnEffect EffectOfQuadrant0(uint16_t h) {
  const RegisterSet data = SetOf(CRdShort(h));
  const unsigned base = CRs1Short(h);
  switch (Field(h, 13, 3)) {
    case 0:
      return CImmAddi4spn(h) != 0 ? Plain(SetOf(kSp), data) : InsnEffect{};
    case 1:  // of floating point
    case 5:
      return Access(base, 0, 0);
    case 2:
    case 3:
      return Access(base, 0, data);
    case 6:
    case 7:
      return Access(base, data, 0);
    default:
      break;
  }
  switch (Field(h, 10, 3)) {  // Zcb
    case 0:
    case 1:
      return Access(base, 0, data);
    case 2:
    case 3:
      return Access(base, data, 0);
    default:
      return {};
  }
}

/// Arithmetic of registers of x8 to x15.
InsnEffect ShortArithmetic(uint16_t h) {
  const RegisterSet rd = SetOf(CRs1Short(h));
  if (Field(h, 10, 2) != 3) {
    return Plain(rd, rd);  // with a constant
  }
  if (Field(h, 12, 1) == 0 || Field(h, 5, 2) <= 2) {
    return Plain(rd | SetOf(CRdShort(h)), rd);
  }
  return Field(h, 2, 3) <= 5 ? Plain(rd, rd) : InsnEffect{};  // Zcb
}

InsnEffect EffectOfQuadrant1(uint16_t h) {
  const RegisterSet rd = SetOf(CRd(h));
  switch (Field(h, 13, 3)) {
    case 0:
      return Plain(rd, rd);
    case 1:
      return CRd(h) != 0 ? Plain(rd, rd) : InsnEffect{};
    case 2:
      return Plain(0, rd);
    case 3:  // lui, addi16sp; else the register may be read
      if (CImm6(h) == 0) {
        return {};
      }
      return Plain(CRd(h) == kSp ? rd : 0, rd);
    case 4:
      return ShortArithmetic(h);
    case 5:
      return JumpBy(kZero, CImmJ(h));
    default:
      return BranchBy(SetOf(CRs1Short(h)), CImmB(h));
  }
}

InsnEffect JumpOrMove(uint16_t h) {
  const bool links_or_adds = Field(h, 12, 1) != 0;
  const RegisterSet rd = SetOf(CRd(h));
  if (CRs2(h) == 0) {
    return CRd(h) != 0 ? JumpTo(links_or_adds ? kRa : kZero, CRd(h), 0)
                       : InsnEffect{};  // a trap, or reserved
  }
  return Plain(SetOf(CRs2(h)) | (links_or_adds ? rd : 0), rd);
}

InsnEffect EffectOfQuadrant2(uint16_t h) {
  const RegisterSet rd = SetOf(CRd(h));
  switch (Field(h, 13, 3)) {
    case 0:
      return Plain(rd, rd);
    case 1:
      return MayFault(Access(kSp, 0, 0));
    case 2:
    case 3:
      return CRd(h) != 0 ? Access(kSp, 0, rd) : InsnEffect{};
    case 4:
      return JumpOrMove(h);
    case 6:
    case 7:
      return Access(kSp, SetOf(CRs2(h)), 0);
    default:  // c.fsdsp, or Zcmp's and Zcmt's pushes and jumps
      return {};
  }
}

}  // namespace

InsnEffect EffectOf(uint32_t insn, unsigned size) {
  if (size == 4) {
    return EffectOfWord(insn);
  }
  const auto half = static_cast<uint16_t>(insn);
  switch (Field(half, 0, 2)) {
    case 0:
      return EffectOfQuadrant0(half);
    case 1:
      return EffectOfQuadrant1(half);
    default:
      return EffectOfQuadrant2(half);
  }
}

}  // namespace ebpf::riscv64

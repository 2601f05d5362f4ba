// SPDX-License-Identifier: MIT
//
// AArch64's macro assembler: conditions.
#include "arch/aarch64/macro_assembler.h"

namespace ebpf::aarch64 {

using encode::AddSub;
using encode::Condition;
using encode::IsAddImm;
using encode::kZero;
using encode::Magnitude;
using encode::Spread;
using machine::kNoReg;

bool MacroAssembler::FlagsAre(uint64_t key) {
  const bool hit = flags_end_ == buffer_.size() && flags_key_ == key;
  flags_key_ = key;
  return hit;
}

namespace {

/// What a comparison is of, never 0.
uint64_t FlagsKey(bool test, bool wide, machine::Reg lhs, machine::Reg rhs,
                  int64_t imm) {
  return static_cast<uint64_t>(imm) << 32 | uint64_t{lhs} << 16 |
         uint64_t{rhs} << 8 | uint64_t{test} << 1 | uint64_t{wide} << 2 | 1;
}

}  // namespace

Condition MacroAssembler::Compare(Operation op, unsigned width, Reg lhs,
                                  Operand rhs) {
  // From kEq to kSLe in isa::Operation's order.
  static constexpr Condition kConditions[] = {
      Condition::kEq, Condition::kHi, Condition::kHs, Condition::kNe,
      Condition::kNe, Condition::kGt, Condition::kGe, Condition::kLo,
      Condition::kLs, Condition::kLt, Condition::kLe};
  const bool wide = width == 64;
  if (rhs.is_imm()) {
    op = CompareImm(op, wide, lhs, rhs.imm);
  } else {
    const bool test = op == Operation::kSet;
    const unsigned rn = From(lhs);
    const unsigned rm = From(rhs.reg);
    if (!FlagsAre(FlagsKey(test, wide, lhs, rhs.reg, 0))) {
      Emit(encode::ThreeRegs(test ? encode::kAnds : encode::kSubs, wide, kZero,
                             rn, rm));
    }
  }
  return kConditions[static_cast<unsigned>(op) -
                     static_cast<unsigned>(Operation::kEq)];
}

/// Returns the condition that holds if `op` does.
isa::Operation MacroAssembler::CompareImm(Operation op, bool wide, Reg lhs,
                                          int32_t imm) {
  if (op == Operation::kSet) {
    TestImm(wide, lhs, imm);
    return op;
  }
  // What is no immediate may be so next to one: x > 4095 is x >= 4096. The
  // largest and the smallest number never get here.
  int64_t value = imm;
  Operation same = op;
  if (!IsAddImm(Magnitude(value))) {
    int step = 0;
    switch (op) {
      case Operation::kGt:
        same = Operation::kGe;
        step = 1;
        break;
      case Operation::kLe:
        same = Operation::kLt;
        step = 1;
        break;
      case Operation::kSGt:
        same = Operation::kSGe;
        step = 1;
        break;
      case Operation::kSLe:
        same = Operation::kSLt;
        step = 1;
        break;
      case Operation::kGe:
        same = Operation::kGt;
        step = -1;
        break;
      case Operation::kLt:
        same = Operation::kLe;
        step = -1;
        break;
      case Operation::kSGe:
        same = Operation::kSGt;
        step = -1;
        break;
      case Operation::kSLt:
        same = Operation::kSLe;
        step = -1;
        break;
      default:
        break;
    }
    if (IsAddImm(Magnitude(value + step))) {
      value += step;
      op = same;
    }
  }
  const unsigned rn = From(lhs);
  if (FlagsAre(FlagsKey(false, wide, lhs, kNoReg, value))) {
    return op;
  }
  const uint64_t magnitude = Magnitude(value);
  if (IsAddImm(magnitude)) {
    Emit(AddSub(value < 0 ? encode::kAddsImm : encode::kSubsImm, wide, kZero,
                rn, magnitude));
  } else {
    CompareLongImm(op, wide, rn, value);
  }
  return op;
}

void MacroAssembler::CompareLongImm(Operation op, bool wide, unsigned rn,
                                    int64_t imm) {
  const uint64_t magnitude = Magnitude(imm);
  const bool equality = op == Operation::kEq || op == Operation::kNe;
  if (equality && magnitude < 1u << 24) {
    flags_key_ = 0;  // good for equality only
    Emit(AddSub(imm < 0 ? encode::kAddImm : encode::kSubImm, wide, kScratchImm,
                rn, magnitude & 0xfff000),
         AddSub(imm < 0 ? encode::kAddsImm : encode::kSubsImm, wide, kZero,
                kScratchImm, magnitude & 0xfff));
    return;
  }
  EmitConstant(kScratchImm,
               wide ? static_cast<uint64_t>(imm) : static_cast<uint32_t>(imm));
  Emit(encode::ThreeRegs(encode::kSubs, wide, kZero, rn, kScratchImm));
}

void MacroAssembler::TestImm(bool wide, Reg lhs, int32_t imm) {
  const unsigned rn = From(lhs);
  if (FlagsAre(FlagsKey(true, wide, lhs, kNoReg, imm))) {
    return;
  }
  const auto mask = encode::EncodeBitmask(Spread(wide, imm));
  if (mask.valid) {
    Emit(encode::LogicalImm(encode::kAndsImm, wide, kZero, rn, mask.bits));
    return;
  }
  EmitConstant(kScratchImm, wide ? static_cast<uint64_t>(int64_t{imm})
                                 : static_cast<uint32_t>(imm));
  Emit(encode::ThreeRegs(encode::kAnds, wide, kZero, rn, kScratchImm));
}

uint32_t MacroAssembler::TestAndBranch(Operation op, unsigned width,
                                       unsigned rn, int32_t imm) {
  const bool wide = width == 64;
  const unsigned sign = width - 1;
  switch (op) {
    case Operation::kEq:
    case Operation::kLe:
      return imm == 0 ? encode::Cbz(wide, false, rn) : 0;
    case Operation::kNe:
    case Operation::kGt:
      return imm == 0 ? encode::Cbz(wide, true, rn) : 0;
    case Operation::kLt:
      return imm == 1 ? encode::Cbz(wide, false, rn) : 0;
    case Operation::kGe:
      return imm == 1 ? encode::Cbz(wide, true, rn) : 0;
    case Operation::kSLt:
      return imm == 0 ? encode::Tbz(true, rn, sign) : 0;
    case Operation::kSLe:
      return imm == -1 ? encode::Tbz(true, rn, sign) : 0;
    case Operation::kSGe:
      return imm == 0 ? encode::Tbz(false, rn, sign) : 0;
    case Operation::kSGt:
      return imm == -1 ? encode::Tbz(false, rn, sign) : 0;
    case Operation::kSet: {
      const uint64_t bits = wide ? static_cast<uint64_t>(int64_t{imm})
                                 : static_cast<uint32_t>(imm);
      if (IsPowerOfTwo(bits)) {
        return encode::Tbz(true, rn, BitWidth(bits) - 1);
      }
      return imm == -1 ? encode::Cbz(wide, true, rn) : 0;
    }
    default:
      return 0;
  }
}

void MacroAssembler::MoveIf(Operation condition, unsigned width, Reg lhs,
                            Operand rhs, Reg dst, Reg src) {
  const Condition if_so = Compare(condition, width, lhs, rhs);
  const unsigned rn = From(src);
  Emit(encode::Csel(To(dst), rn, To(dst), if_so));
}

}  // namespace ebpf::aarch64

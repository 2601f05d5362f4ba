// SPDX-License-Identifier: MIT
//
// Sequences of the generator that a compiler turns into fewer instructions.
#include "core/base/assert.h"
#include "testing/differential/program_generator.h"

namespace ebpf::differential {
namespace {

using isa::DecodedInsn;
using isa::Op;

constexpr uint8_t kValue = 9;
constexpr uint8_t kFrame = isa::kFramePointer;

DecodedInsn Make(Op op, uint8_t dst, uint8_t src, int offset, int64_t imm) {
  DecodedInsn insn;
  insn.op = op;
  insn.dst = dst;
  insn.src = src;
  insn.offset = static_cast<int16_t>(offset);
  insn.imm = static_cast<int32_t>(imm);
  return insn;
}

}  // namespace

ProgramGenerator::Unit ProgramGenerator::RandomIdiom() {
  Unit unit;
  const uint8_t a = Scalar();
  const uint8_t b = Scalar();
  const auto t = static_cast<uint8_t>((a + 1 + Below(8)) % 9);  // not a
  const auto add = [&](Op op, uint8_t dst, uint8_t src, int offset,
                       int64_t imm) {
    unit.insns.push_back(Make(op, dst, src, offset, imm));
  };
  const auto count = [&](uint64_t limit) {
    return static_cast<int64_t>(Below(limit));
  };
  // After this t is no pointer any more.
  const auto forget = [&] { add(Op::kMov64Imm, t, 0, 0, Immediate()); };
  switch (Below(12)) {
    case 0: {  // rotate
      const int64_t n = 1 + count(63);
      add(Op::kMov64Reg, t, a, 0, 0);
      add(Op::kLsh64Imm, t, 0, 0, n);
      add(Op::kRsh64Imm, a, 0, 0, 64 - n);
      add(OneIn(2) ? Op::kOr64Reg : Op::kAdd64Reg, OneIn(2) ? a : t,
          OneIn(2) ? t : a, 0, 0);
      break;
    }
    case 1:  // bit field
      add(OneIn(4) ? Op::kMov32Reg : Op::kMov64Reg, t, b, 0, 0);
      add(Op::kRsh64Imm, t, 0, 0, count(64));
      add(Op::kAnd64Imm, t, 0, 0, (int64_t{1} << count(32)) - 1);
      break;
    case 2: {  // a pair of shifts
      const int64_t n = OneIn(2) ? 32 : count(64);
      add(Op::kLsh64Imm, a, 0, 0, n);
      add(OneIn(2) ? Op::kRsh64Imm : Op::kArsh64Imm, a, 0, 0,
          OneIn(3) ? count(64) : n);
      break;
    }
    case 3: {  // load of the other byte order
      static constexpr Op kLoads[] = {Op::kLoadU16, Op::kLoadU32, Op::kLoadU64};
      static constexpr Op kSwaps[] = {Op::kToBe16, Op::kToBe32, Op::kToBe64};
      const uint64_t size = Below(3);
      add(kLoads[size], a, kValue, static_cast<int>(8 * Below(8)), 0);
      add(kSwaps[OneIn(6) ? Below(3) : size], a, 0, 0, 0);
      break;
    }
    case 4: {  // address on the stack, by way of a temporary that dies
      const int offset = -static_cast<int>(8 * (1 + Below(7)));
      add(Op::kMov64Reg, t, kFrame, 0, 0);
      add(Op::kAdd64Imm, t, 0, 0, offset);
      add(Op::kStoreU64Reg, t, a, 0, 0);
      add(OneIn(2) ? Op::kLoadU64 : Op::kLoadU32, a, t, OneIn(2) ? 0 : -8, 0);
      forget();
      break;
    }
    case 5: {  // a scaled index into the value
      add(OneIn(3) ? Op::kMov32Reg : Op::kMov64Reg, t, a, 0, 0);
      add(OneIn(3) ? Op::kAnd32Imm : Op::kAnd64Imm, t, 0, 0, 3);
      add(Op::kLsh64Imm, t, 0, 0, count(4));
      add(Op::kAdd64Reg, t, kValue, 0, 0);
      if (OneIn(2)) {
        add(Op::kLoadU32, a, t, static_cast<int>(Below(32)), 0);
      } else {
        add(Op::kStoreU16Reg, t, a, static_cast<int>(Below(32)), 0);
      }
      forget();
      break;
    }
    case 6:  // division by a constant
      add(OneIn(2) ? (OneIn(2) ? Op::kDiv64Imm : Op::kMod64Imm)
                   : (OneIn(2) ? Op::kDiv32Imm : Op::kMod32Imm),
          a, 0, 0, 1 + count(OneIn(2) ? 1000 : INT32_MAX));
      break;
    case 7:  // a sum in a third register
      add(Op::kMov64Reg, t, a, 0, 0);
      add(Op::kAdd64Reg, t, b, 0, 0);
      add(Op::kAdd64Imm, t, 0, 0, Immediate());
      break;
    case 8:  // an update of memory, the temporary dead
      add(Op::kLoadU64, t, kValue, static_cast<int>(8 * Below(4)), 0);
      add(OneIn(2) ? Op::kAdd64Reg : Op::kXor64Reg, t, a, 0, 0);
      add(Op::kStoreU64Reg, kValue, t, unit.insns[0].offset, 0);
      if (OneIn(2)) {
        forget();
      }
      break;
    case 9:  // 32 bits, of which a part is read
      add(OneIn(2) ? Op::kAdd32Reg : Op::kMul32Imm, a, b, 0, 77);
      if (unit.insns[0].op == Op::kMul32Imm) {
        unit.insns[0].src = 0;
      }
      add(OneIn(2) ? Op::kStoreU32Reg : Op::kStoreU64Reg, kValue, a,
          static_cast<int>(8 * Below(8)), 0);
      if (OneIn(2)) {
        add(Op::kMov64Imm, a, 0, 0, Immediate());
      }
      break;
    case 10:  // a constant, moved and shifted
      add(Op::kMov32Imm, t, 0, 0, Immediate());
      add(Op::kLsh64Imm, t, 0, 0, count(64));
      add(OneIn(2) ? Op::kOr64Reg : Op::kSub64Reg, a, t, 0, 0);
      break;
    default:  // a shifted operand
      add(Op::kMov64Reg, t, b, 0, 0);
      add(OneIn(2) ? Op::kLsh64Imm : Op::kArsh64Imm, t, 0, 0, count(64));
      add(OneIn(2) ? Op::kXor64Reg : Op::kAdd64Reg, a, t, 0, 0);
      forget();
      break;
  }
  return unit;
}

}  // namespace ebpf::differential

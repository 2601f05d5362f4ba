// SPDX-License-Identifier: MIT
//
// What the macro assembler's arithmetic computes, with boundary values and all
// ways in which registers can be the same.
#include <cstdint>
#include <string>
#include <vector>

#include "arch/riscv64/run_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

TEST_F(RunTest, ComputesWithRegisters) {
  for (const unsigned width : {32u, 64u}) {
    for (const Operation op : kAluOps) {
      Binary(
          Name(op, width),
          [=](MacroAssembler& m, Reg dst, Reg lhs, Reg rhs) {
            m.Alu(op, width, dst, lhs, Operand::Of(rhs));
          },
          [=](uint64_t a, uint64_t b) { return AluModel(op, width, a, b); });
    }
  }
  EXPECT_GT(cases_, 30'000u);
}

TEST_F(RunTest, ComputesWithConstants) {
  for (const unsigned width : {32u, 64u}) {
    for (const Operation op : kAluOps) {
      for (const int32_t imm : kImms) {
        const auto all = static_cast<uint64_t>(int64_t{imm});
        Unary(
            Name(op, width) + " by " + std::to_string(imm),
            [=](MacroAssembler& m, Reg dst, Reg src) {
              m.Alu(op, width, dst, src, Operand::Imm(imm));
            },
            [=](uint64_t a) { return AluModel(op, width, a, all); });
      }
    }
  }
}

TEST_F(RunTest, DividesAsTheInstructionSetWants) {
  for (const unsigned width : {32u, 64u}) {
    for (const Operation op : {Operation::kDiv, Operation::kSDiv,
                               Operation::kMod, Operation::kSMod}) {
      Binary(
          Name(op, width),
          [=](MacroAssembler& m, Reg dst, Reg lhs, Reg rhs) {
            m.Divide(op, width, dst, lhs, rhs, false);
          },
          [=](uint64_t a, uint64_t b) { return DivideModel(op, width, a, b); });
    }
  }
  Binary(
      "multiply high",
      [](MacroAssembler& m, Reg dst, Reg lhs, Reg rhs) {
        m.MultiplyHigh(dst, lhs, rhs);
      },
      [](uint64_t a, uint64_t b) {
        return static_cast<uint64_t>(static_cast<unsigned __int128>(a) * b >>
                                     64);
      });
}

TEST_F(RunTest, MovesAndExtends) {
  for (const unsigned width : {32u, 64u}) {
    Unary(
        "mov", [=](MacroAssembler& m, Reg d, Reg s) { m.Mov(width, d, s); },
        [=](uint64_t a) { return Narrow(width, a); });
    Unary(
        "neg", [=](MacroAssembler& m, Reg d, Reg s) { m.Negate(width, d, s); },
        [=](uint64_t a) { return Narrow(width, 0 - a); });
    for (const unsigned count : {1u, 7u, 31u, width - 1}) {
      Unary(
          "rotate",
          [=](MacroAssembler& m, Reg d, Reg s) {
            m.RotateLeft(width, d, s, count);
          },
          [=](uint64_t a) {
            return Narrow(width,
                          a << count | Narrow(width, a) >> (width - count));
          });
    }
  }
  for (const unsigned bits : {8u, 16u, 32u}) {
    const uint64_t mask = (uint64_t{1} << bits) - 1;
    Unary(
        "zero",
        [=](MacroAssembler& m, Reg d, Reg s) { m.ZeroExtend(bits, d, s); },
        [=](uint64_t a) { return a & mask; });
    for (const unsigned width : {32u, 64u}) {
      Unary(
          "sign",
          [=](MacroAssembler& m, Reg d, Reg s) {
            m.SignExtend(bits, width, d, s);
          },
          [=](uint64_t a) {
            return Narrow(width, static_cast<uint64_t>(SignExtend(a, bits)));
          });
    }
  }
  for (const unsigned bits : {16u, 32u, 64u}) {
    Unary(
        "swap",
        [=](MacroAssembler& m, Reg d, Reg s) { m.ByteSwap(bits, d, s); },
        [=](uint64_t a) { return __builtin_bswap64(a) >> (64 - bits); });
  }
  for (const unsigned shift : {0u, 3u, 31u, 40u, 63u}) {
    for (const unsigned count : {0u, 1u, 8u, 31u}) {
      Unary(
          "extract",
          [=](MacroAssembler& m, Reg d, Reg s) {
            m.ExtractBits(d, s, shift, count);
          },
          [=](uint64_t a) {
            return a >> shift & ((uint64_t{1} << count) - 1);
          });
    }
  }
}

TEST_F(RunTest, LoadsEveryConstant) {
  std::vector<uint64_t> values(std::begin(kValues), std::end(kValues));
  uint64_t random = 0x9e3779b97f4a7c15;
  for (int i = 0; i < 3000; ++i) {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    uint64_t value = random;
    // Of each halfword: random, zeros, ones, or as the next.
    for (unsigned half = 0; half < 4; ++half) {
      const uint64_t mask = uint64_t{0xffff} << (16 * half);
      switch (random >> (8 * half) & 3) {
        case 0:
          value &= ~mask;
          break;
        case 1:
          value |= mask;
          break;
        case 2:
          value = (value & ~mask) |
                  ((value >> ((16 * half + 16) & 63) & 0xffff) << (16 * half));
          break;
        default:
          break;
      }
    }
    values.push_back(value);
  }
  for (size_t i = 0; i < values.size(); i += 10) {
    const size_t count = std::min<size_t>(10, values.size() - i);
    Build([&](MacroAssembler& m) {
      for (size_t k = 0; k < count; ++k) {
        m.MovImm(static_cast<Reg>(k), values[i + k]);
      }
    });
    State state = Fresh();
    Run(state);
    for (size_t k = 0; k < count; ++k) {
      ASSERT_EQ(state.regs[k], values[i + k]);
    }
  }
}

TEST_F(RunTest, ReadsR10AsAnyOperand) {
  const Reg r10 = kFramePointerReg;
  const uint64_t top = StackTop();
  const auto expect = [&](const Body& body, uint64_t want) {
    Build(body);
    ExpectOnly(Fresh(), 0, want, "r10");
  };
  const uint64_t r1 = Fresh().regs[1];
  expect([=](MacroAssembler& m) { m.Mov(64, 0, r10); }, top);
  expect([=](MacroAssembler& m) { m.Mov(32, 0, r10); },
         static_cast<uint32_t>(top));
  expect(
      [=](MacroAssembler& m) {
        m.Alu(Operation::kAdd, 64, 0, r10, Operand::Imm(-300));
      },
      top - 300);
  expect(
      [=](MacroAssembler& m) {
        m.Alu(Operation::kSub, 32, 0, r10, Operand::Imm(-300));
      },
      static_cast<uint32_t>(top + 300));
  expect(
      [=](MacroAssembler& m) {
        m.Alu(Operation::kSub, 64, 0, r10, Operand::Of(1));
      },
      top - r1);
  expect(
      [=](MacroAssembler& m) {
        m.Alu(Operation::kMul, 64, 0, r10, Operand::Of(r10));
      },
      top * top);
  expect([=](MacroAssembler& m) { m.Negate(64, 0, r10); }, 0 - top);
  expect(
      [=](MacroAssembler& m) {
        m.Store(64, {r10, kNoReg, 0, -24}, Operand::Of(r10));
        m.Load(64, false, 0, {r10, kNoReg, 0, -24});
      },
      top);
  expect([=](MacroAssembler& m) { m.LoadAddress(0, {r10, 1, 3, -40}); },
         top + (r1 << 3) - 40);
  expect(
      [=](MacroAssembler& m) {
        m.Alu(Operation::kAdd, 64, r10, r10, Operand::Imm(-40));
        m.Mov(64, 0, r10);
        m.Alu(Operation::kAdd, 64, r10, r10, Operand::Imm(40));
      },
      top - 40);
  expect(
      [=](MacroAssembler& m) {
        m.Mov(64, kTemp0, r10);
        m.Mov(64, r10, 1);
        m.Mov(64, 0, r10);
        m.Mov(64, r10, kTemp0);
        m.MovImm(kTemp0, Fresh().regs[kTemp0]);
      },
      r1);
}

}  // namespace
}  // namespace ebpf::riscv64

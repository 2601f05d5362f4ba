// SPDX-License-Identifier: MIT
//
// Arithmetic of the macro assembler, run with all registers in all places.
#include "arch/x86_64/run_test_util.h"

namespace ebpf::x86_64 {
namespace {

class ArithmeticRunTest : public RunTest {
 protected:
  using Emit3 = std::function<void(MacroAssembler&, Reg, Reg, Reg)>;
  using Model2 = std::function<uint64_t(uint64_t, uint64_t)>;

  /// With all registers but r10 as dst, and all as lhs and rhs, which has the
  /// bits of `rhs_bits`.
  void ThreeRegisters(uint64_t features, const std::string& what,
                      const Emit3& emit, const Model2& model,
                      uint64_t rhs_bits = 0) {
    for (Reg dst = 0; dst < kRegCount; ++dst) {
      if (dst == kFramePointerReg) {
        continue;
      }
      for (Reg lhs = 0; lhs < kRegCount; ++lhs) {
        for (Reg rhs = 0; rhs < kRegCount; ++rhs) {
          const InsnContext context = RandomContext(dst);
          Build(features, context,
                [&](MacroAssembler& m) { emit(m, dst, lhs, rhs); });
          for (int i = 0; i < 4; ++i) {
            State state = RandomState();
            state.regs[rhs] |= rhs_bits;
            State want = state;
            want.regs[dst] = model(state.regs[lhs], state.regs[rhs]);
            ExpectOnly(state, context, dst, want, what + Names(dst, lhs, rhs));
            if (HasFatalFailure()) {
              return;
            }
          }
        }
      }
    }
  }

  /// With all registers as dst and src.
  void TwoRegisters(uint64_t features, const std::string& what,
                    const std::function<void(MacroAssembler&, Reg, Reg)>& emit,
                    const std::function<uint64_t(uint64_t)>& model,
                    bool may_set_r10 = false) {
    for (Reg dst = 0; dst < kRegCount; ++dst) {
      if (dst == kFramePointerReg && !may_set_r10) {
        continue;
      }
      for (Reg src = 0; src < kRegCount; ++src) {
        const InsnContext context = RandomContext(dst);
        Build(features, context, [&](MacroAssembler& m) { emit(m, dst, src); });
        for (int i = 0; i < 6; ++i) {
          const State state = RandomState();
          State want = state;
          want.regs[dst] = model(state.regs[src]);
          ExpectOnly(state, context, dst, want, what + Names(dst, src, src));
          if (HasFatalFailure()) {
            return;
          }
        }
      }
    }
  }
};

TEST_F(ArithmeticRunTest, AluOfRegistersComputesAsCDoes) {
  for (const uint64_t features : FeatureSets()) {
    for (const Operation op : kAluOps) {
      for (const unsigned width : {32u, 64u}) {
        ThreeRegisters(
            features, Name(op, width),
            [&](MacroAssembler& m, Reg dst, Reg lhs, Reg rhs) {
              m.Alu(op, width, dst, lhs, Operand::Of(rhs));
            },
            [&](uint64_t a, uint64_t b) { return AluModel(op, width, a, b); });
      }
    }
  }
  EXPECT_GT(cases_, 9u * 2 * 12 * 169 * 4 - 1);
}

TEST_F(ArithmeticRunTest, AluWithConstantsComputesAsCDoes) {
  for (const Operation op : kAluOps) {
    const bool shifts = op == Operation::kLsh || op == Operation::kRsh ||
                        op == Operation::kArsh;
    for (const unsigned width : {32u, 64u}) {
      for (int round = 0; round < 6; ++round) {
        int32_t imm = 0;  // another one for each pair of registers
        TwoRegisters(
            0, Name(op, width),
            [&](MacroAssembler& m, Reg dst, Reg lhs) {
              imm = shifts ? static_cast<int32_t>(Random() % width)
                           : kImms[Random() % std::size(kImms)];
              m.Alu(op, width, dst, lhs, Operand::Imm(imm));
            },
            [&](uint64_t a) {
              return AluModel(op, width, a,
                              static_cast<uint64_t>(int64_t{imm}));
            },
            op == Operation::kAdd);
      }
    }
  }
}

TEST_F(ArithmeticRunTest, DivisionsNeverTrapAndComputeAsEbpfSays) {
  for (const Operation op : kDivideOps) {
    for (const unsigned width : {32u, 64u}) {
      ThreeRegisters(
          0, Name(op, width),
          [&](MacroAssembler& m, Reg dst, Reg lhs, Reg rhs) {
            m.Divide(op, width, dst, lhs, rhs, false);
          },
          [&](uint64_t a, uint64_t b) { return DivideModel(op, width, a, b); });
    }
  }
}

TEST_F(ArithmeticRunTest, DivisionsByWhatIsNotZeroNeedNoCheck) {
  for (const Operation op : kDivideOps) {
    for (const unsigned width : {32u, 64u}) {
      ThreeRegisters(
          0, Name(op, width),
          [&](MacroAssembler& m, Reg dst, Reg lhs, Reg rhs) {
            m.Divide(op, width, dst, lhs, rhs, true);
          },
          [&](uint64_t a, uint64_t b) { return DivideModel(op, width, a, b); },
          1);
    }
  }
}

TEST_F(ArithmeticRunTest, MultipliesToTheUpperHalf) {
  for (const uint64_t features : FeatureSets()) {
    ThreeRegisters(
        features, "MultiplyHigh",
        [](MacroAssembler& m, Reg dst, Reg lhs, Reg rhs) {
          m.MultiplyHigh(dst, lhs, rhs);
        },
        [](uint64_t a, uint64_t b) {
          return static_cast<uint64_t>(
              (static_cast<unsigned __int128>(a) * b) >> 64);
        });
  }
}

TEST_F(ArithmeticRunTest, MovesAndNegates) {
  for (const unsigned width : {32u, 64u}) {
    TwoRegisters(
        0, "Mov",
        [&](MacroAssembler& m, Reg dst, Reg src) { m.Mov(width, dst, src); },
        [&](uint64_t a) { return Narrow(width, a); }, true);
    TwoRegisters(
        0, "Negate",
        [&](MacroAssembler& m, Reg dst, Reg src) { m.Negate(width, dst, src); },
        [&](uint64_t a) { return Narrow(width, 0 - a); });
  }
}

TEST_F(ArithmeticRunTest, Extends) {
  for (const unsigned bits : {8u, 16u, 32u}) {
    TwoRegisters(
        0, "ZeroExtend",
        [&](MacroAssembler& m, Reg dst, Reg src) {
          m.ZeroExtend(bits, dst, src);
        },
        [&](uint64_t a) { return Narrow(bits, a); });
    for (const unsigned width : {32u, 64u}) {
      TwoRegisters(
          0, "SignExtend",
          [&](MacroAssembler& m, Reg dst, Reg src) {
            m.SignExtend(bits, width, dst, src);
          },
          [&](uint64_t a) {
            return Narrow(width, static_cast<uint64_t>(Signed(bits, a)));
          });
    }
  }
}

TEST_F(ArithmeticRunTest, SwapsBytes) {
  for (const unsigned bits : {16u, 32u, 64u}) {
    TwoRegisters(
        0, "ByteSwap",
        [&](MacroAssembler& m, Reg dst, Reg src) {
          m.ByteSwap(bits, dst, src);
        },
        [&](uint64_t a) { return __builtin_bswap64(a) >> (64 - bits); });
  }
}

TEST_F(ArithmeticRunTest, Rotates) {
  for (const uint64_t features : FeatureSets()) {
    for (const unsigned width : {32u, 64u}) {
      for (int round = 0; round < 8; ++round) {
        unsigned count = 0;
        TwoRegisters(
            features, "RotateLeft",
            [&](MacroAssembler& m, Reg dst, Reg src) {
              count = 1 + static_cast<unsigned>(Random() % (width - 1));
              m.RotateLeft(width, dst, src, count);
            },
            [&](uint64_t a) {
              a = Narrow(width, a);
              return Narrow(width, a << count | a >> (width - count));
            });
      }
    }
  }
}

TEST_F(ArithmeticRunTest, ExtractsBits) {
  constexpr unsigned kCounts[] = {1, 3, 8, 12, 16, 24, 31};
  for (const uint64_t features : FeatureSets()) {
    for (int round = 0; round < 30; ++round) {
      unsigned shift = 0;
      unsigned count = 0;
      TwoRegisters(
          features, "ExtractBits",
          [&](MacroAssembler& m, Reg dst, Reg src) {
            count = kCounts[Random() % std::size(kCounts)];
            shift = Random() % 4 == 0
                        ? 64 - count
                        : static_cast<unsigned>(Random() % (65 - count));
            shift = Random() % 4 == 0 ? 8 : shift;
            m.ExtractBits(dst, src, shift, count);
          },
          [&](uint64_t a) { return a >> shift & ((1u << count) - 1); });
    }
  }
}

TEST_F(ArithmeticRunTest, LoadsAnyConstant) {
  for (Reg dst = 0; dst < kRegCount; ++dst) {
    for (int i = 0; i < 100; ++i) {
      const uint64_t value = RandomValue();
      const InsnContext context = RandomContext(dst);
      Build(0, context, [&](MacroAssembler& m) { m.MovImm(dst, value); });
      const State state = RandomState();
      State want = state;
      want.regs[dst] = value;
      ExpectOnly(state, context, dst, want, "MovImm");
    }
  }
}

}  // namespace
}  // namespace ebpf::x86_64

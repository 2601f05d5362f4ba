// SPDX-License-Identifier: MIT
//
// Whether the macro assembler's code goes where it should, and comes back.
#include <cstdint>
#include <string>

#include "arch/aarch64/run_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::aarch64 {
namespace {

bool ConditionModel(Operation op, unsigned width, uint64_t a, uint64_t b) {
  const uint64_t x = Narrow(width, a);
  const uint64_t y = Narrow(width, b);
  const int64_t s = Signed(width, a);
  const int64_t t = Signed(width, b);
  switch (op) {
    case Operation::kEq:
      return x == y;
    case Operation::kNe:
      return x != y;
    case Operation::kGt:
      return x > y;
    case Operation::kGe:
      return x >= y;
    case Operation::kLt:
      return x < y;
    case Operation::kLe:
      return x <= y;
    case Operation::kSGt:
      return s > t;
    case Operation::kSGe:
      return s >= t;
    case Operation::kSLt:
      return s < t;
    case Operation::kSLe:
      return s <= t;
    default:
      return (x & y) != 0;
  }
}

constexpr Operation kConditions[] = {
    Operation::kEq, Operation::kGt,  Operation::kGe,  Operation::kSet,
    Operation::kNe, Operation::kSGt, Operation::kSGe, Operation::kLt,
    Operation::kLe, Operation::kSLt, Operation::kSLe};

class BranchRunTest : public RunTest {
 protected:
  /// r0 = 1 if it jumps, else 0.
  void BuildBranch(Operation op, unsigned width, Operand rhs,
                   int64_t distance) {
    machine_.Build([&](MacroAssembler& m, CodeBuffer& buffer) {
      m.MovImm(0, 1);
      m.Load(64, false, 2, {1, kNoReg, 0, 8});
      m.Load(64, false, 1, {1, kNoReg, 0, 0});
      const uint8_t form = m.Branch(op, width, 1, rhs, distance);
      const size_t end = buffer.size();
      m.MovImm(0, 0);
      m.AtTarget();
      MacroAssembler::Patch(machine_.code(), end, form,
                            static_cast<int64_t>(buffer.size() - end));
      m.Return();
    });
  }
  void ExpectJumps(uint64_t a, uint64_t b, bool want, const std::string& what) {
    const uint64_t operands[] = {a, b};
    ASSERT_EQ(machine_.Call(reinterpret_cast<uint64_t>(operands), StackTop()),
              want ? 1u : 0u)
        << what << " " << a << " " << b;
  }
};

TEST_F(BranchRunTest, JumpsWhenTheConditionHolds) {
  for (const int64_t distance : {kLocalDistance, kUnknownDistance}) {
    for (const unsigned width : {32u, 64u}) {
      for (const Operation op : kConditions) {
        BuildBranch(op, width, Operand::Of(2), distance);
        for (const uint64_t a : kValues) {
          for (const uint64_t b : kValues) {
            ExpectJumps(a, b, ConditionModel(op, width, a, b), Name(op, width));
          }
        }
        for (const int32_t imm : kImms) {
          BuildBranch(op, width, Operand::Imm(imm), distance);
          const auto b = static_cast<uint64_t>(int64_t{imm});
          for (const uint64_t value : kValues) {
            for (const uint64_t a : {value, b + value, b - value}) {
              ExpectJumps(a, b, ConditionModel(op, width, a, b),
                          Name(op, width));
            }
          }
        }
      }
    }
  }
}

TEST_F(BranchRunTest, JumpsAgainByTheSameFlags) {
  for (const int64_t distance : {kLocalDistance, kUnknownDistance}) {
    for (const Operation first : kConditions) {
      for (const Operation second : kConditions) {
        for (const int32_t imm : {5, 4096 + 7, 0x123456}) {
          machine_.Build([&](MacroAssembler& m, CodeBuffer& buffer) {
            m.MovImm(0, 1);
            m.Load(64, false, 1, {1, kNoReg, 0, 0});
            const uint8_t form =
                m.Branch(first, 64, 1, Operand::Imm(imm), distance);
            const size_t end = buffer.size();
            const uint8_t form2 =
                m.Branch(second, 64, 1, Operand::Imm(imm), distance);
            const size_t end2 = buffer.size();
            m.MovImm(0, 0);
            m.Return();
            m.AtTarget();
            MacroAssembler::Patch(machine_.code(), end2, form2,
                                  static_cast<int64_t>(buffer.size() - end2));
            m.MovImm(0, 2);
            MacroAssembler::Patch(machine_.code(), end, form,
                                  static_cast<int64_t>(buffer.size() - end));
            m.Return();
          });
          const auto b = static_cast<uint64_t>(imm);
          for (const uint64_t a :
               {b, b - 1, b + 1, uint64_t{0}, ~uint64_t{0}}) {
            const uint64_t want = ConditionModel(first, 64, a, b)    ? 1
                                  : ConditionModel(second, 64, a, b) ? 2
                                                                     : 0;
            ASSERT_EQ(machine_.Call(reinterpret_cast<uint64_t>(&a), StackTop()),
                      want)
                << Name(first, 64) << ", " << Name(second, 64) << " " << a;
          }
        }
      }
    }
  }
}

TEST_F(BranchRunTest, MovesWhenTheConditionHolds) {
  // dst and src.
  const Reg kShapes[][2] = {{0, 3}, {1, 3}, {2, 3}, {0, 1}, {1, 2}, {6, 6}};
  for (const unsigned width : {32u, 64u}) {
    for (const Operation op : kConditions) {
      for (const auto& [dst, src] : kShapes) {
        Build([&](MacroAssembler& m) {
          m.MoveIf(op, width, 1, Operand::Of(2), dst, src);
        });
        for (const uint64_t a : kValues) {
          for (const uint64_t b : kValues) {
            State state = Fresh();
            state.regs[1] = a;
            state.regs[2] = b;
            const bool moves = ConditionModel(op, width, a, b);
            ExpectOnly(state, dst, state.regs[moves ? src : dst],
                       Name(op, width));
          }
        }
      }
    }
  }
}

TEST_F(BranchRunTest, MovesByComparisonsWithConstants) {
  for (const unsigned width : {32u, 64u}) {
    for (const Operation op : kConditions) {
      for (const int32_t imm : kImms) {
        Build([&](MacroAssembler& m) {
          m.MoveIf(op, width, 1, Operand::Imm(imm), 0, 2);
        });
        const auto b = static_cast<uint64_t>(int64_t{imm});
        for (const uint64_t a : kValues) {
          State state = Fresh();
          state.regs[1] = a;
          ExpectOnly(state, 0,
                     state.regs[ConditionModel(op, width, a, b) ? 2 : 0],
                     Name(op, width));
        }
      }
    }
  }
}

uint64_t Helper(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e) {
  // Whatever C may destroy is destroyed.
  asm volatile(
      "mov x5, #-1; mov x6, #-1; mov x7, #-1; mov x8, #-1; mov x9, #-1;"
      "mov x10, #-1; mov x11, #-1; mov x12, #-1; mov x13, #-1; mov x14, #-1;"
      "mov x15, #-1; mov x16, #-1; mov x17, #-1" ::
          : "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
            "x15", "x16", "x17");
  return a + 3 * b + 5 * c + 7 * d + 11 * e;
}

TEST_F(RunTest, CallsFunctionsOfC) {
  const auto target = reinterpret_cast<uint64_t>(&Helper);
  Build([&](MacroAssembler& m) { m.CallHelper(target, 0); });
  State state = Fresh();
  const State before = state;
  Run(state);
  EXPECT_EQ(state.regs[0],
            Helper(before.regs[1], before.regs[2], before.regs[3],
                   before.regs[4], before.regs[5]));
  for (Reg reg = 6; reg <= 9; ++reg) {
    EXPECT_EQ(state.regs[reg], before.regs[reg]);
  }
}

/// Calls by distance: a function of the image stands in for one of C.
TEST_F(RunTest, CallsFunctionsOfCNearby) {
  machine_.Build([&](MacroAssembler& m, CodeBuffer& buffer) {
    const machine::FrameInfo frame = {.saved = 0, .calls = true};
    m.Prologue(frame);
    const uint64_t from = machine_.address() + buffer.size();
    const size_t before = buffer.size();
    m.CallHelper(from + 40, from);
    EXPECT_EQ(buffer.size() - before, 8u);
    m.Epilogue(frame);
    m.Return();
    while (buffer.size() < before + 40) {
      m.Jump(0);
    }
    m.Alu(Operation::kAdd, 64, 1, 1, Operand::Imm(7));  // x0
    m.Return();
  });
  EXPECT_EQ(machine_.Call(35, StackTop()), 42u);
}

TEST_F(RunTest, CallsAndRefersToItsOwnFunctions) {
  for (const int64_t distance : {kLocalDistance, kUnknownDistance}) {
    machine_.Build([&](MacroAssembler& m, CodeBuffer& buffer) {
      const machine::FrameInfo frame = {.saved = 3 << 6, .calls = true};
      m.Prologue(frame);
      m.Mov(64, 6, 1);
      const uint8_t form = m.CallFunction(distance);
      const size_t end = buffer.size();
      m.Mov(64, 7, 0);
      const uint8_t address = m.LoadFunctionAddress(0, distance);
      const size_t address_end = buffer.size();
      m.Alu(Operation::kXor, 64, 0, 0, Operand::Of(7));
      m.Alu(Operation::kAdd, 64, 0, 0, Operand::Of(6));
      m.Epilogue(frame);
      m.Return();
      const size_t function = buffer.size();
      const machine::FrameInfo leaf = {.saved = 3 << 6, .calls = false};
      m.Prologue(leaf);
      m.MovImm(6, 1);
      m.MovImm(7, 2);
      m.MovImm(0, 0x55);
      m.Epilogue(leaf);
      m.Return();
      const auto patch = [&](size_t at, uint8_t how) {
        MacroAssembler::Patch(machine_.code(), at, how,
                              static_cast<int64_t>(function - at));
      };
      patch(end, form);
      patch(address_end, address);
      function_ = function;
    });
    EXPECT_EQ(machine_.Call(1000, StackTop()),
              ((machine_.address() + function_) ^ 0x55) + 1000);
  }
}

TEST_F(RunTest, IsCalledBackWithFiveArguments) {
  size_t stub = 0;
  machine_.Build([&](MacroAssembler& m, CodeBuffer& buffer) {
    const machine::FrameInfo leaf = {.saved = 15 << 6, .calls = false};
    m.Prologue(leaf);
    m.MovImm(0, 0);
    for (Reg reg = 1; reg <= 5; ++reg) {
      m.Alu(Operation::kMul, 64, 0, 0, Operand::Imm(10));
      m.Alu(Operation::kAdd, 64, 0, 0, Operand::Of(reg));
    }
    m.Store(64, {kFramePointerReg, kNoReg, 0, -8}, Operand::Of(0));
    for (Reg reg = 6; reg <= 9; ++reg) {
      m.MovImm(reg, 0);
    }
    m.Epilogue(leaf);
    m.Return();
    stub = buffer.size();
    m.CallbackStub();
  });
  // The entry stub's nine instructions are before the function.
  const uint64_t function = machine_.address() + 36;
  const uint64_t args[5] = {1, 2, 3, 4, 5};
  const auto call =
      reinterpret_cast<uint64_t (*)(const uint64_t*, uint64_t, uint64_t)>(
          machine_.address() + stub);
  EXPECT_EQ(call(args, StackTop(), function), 12345u);
  EXPECT_EQ(stack_[63], 12345u);
}

TEST_F(RunTest, PreservesWhatCDoes) {
  machine_.Build([&](MacroAssembler& m, CodeBuffer&) {
    const machine::FrameInfo frame = {.saved = 15 << 6, .calls = true};
    m.Prologue(frame);
    for (Reg reg = 0; reg <= kTemp1; ++reg) {
      if (reg != kFramePointerReg) {
        m.MovImm(reg, reg);
      }
    }
    m.Epilogue(frame);
    m.Return();
  });
  uint64_t saved[12];
  const uint64_t entry = machine_.address();
  const uint64_t top = StackTop();
  register uint64_t x0 asm("x0") = reinterpret_cast<uint64_t>(saved);
  register uint64_t x1 asm("x1") = top;
  register uint64_t x8 asm("x8") = entry;
  asm volatile(
      "mov x19, #119; mov x20, #120; mov x21, #121; mov x22, #122;"
      "mov x23, #123; mov x24, #124; mov x25, #125; mov x26, #126;"
      "mov x27, #127; mov x28, #128;"
      "mov x9, sp; str x9, [x0, #80];"
      "stp x0, x29, [sp, #-16]!; blr x8; ldp x9, x10, [sp], #16;"
      "stp x19, x20, [x9]; stp x21, x22, [x9, #16]; stp x23, x24, [x9, #32];"
      "stp x25, x26, [x9, #48]; stp x27, x28, [x9, #64];"
      "sub x10, x10, x29; str x10, [x9, #88];"
      "mov x10, sp; ldr x11, [x9, #80]; sub x10, x10, x11; str x10, [x9, #80]"
      : "+r"(x0), "+r"(x1), "+r"(x8)
      :
      : "x2", "x3", "x4", "x5", "x6", "x7", "x9", "x10", "x11", "x12", "x13",
        "x14", "x15", "x16", "x17", "x19", "x20", "x21", "x22", "x23", "x24",
        "x25", "x26", "x27", "x28", "x30", "memory", "cc");
  for (unsigned i = 0; i < 10; ++i) {
    EXPECT_EQ(saved[i], 119 + i) << "x" << 19 + i;
  }
  EXPECT_EQ(saved[10], 0u) << "sp";
  EXPECT_EQ(saved[11], 0u) << "x29";
}

}  // namespace
}  // namespace ebpf::aarch64

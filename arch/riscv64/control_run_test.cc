// SPDX-License-Identifier: MIT
//
// Whether the macro assembler's code goes where it should, and comes back.
#include <cstdint>
#include <string>

#include "arch/riscv64/run_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
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

uint64_t Helper(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e) {
  // Whatever C may destroy is destroyed.
  asm volatile(
      "li a5, -1; li a6, -1; li a7, -1; li t0, -1; li t1, -1; li t2, -1;"
      "li t3, -1; li t4, -1; li t5, -1; li t6, -1" ::
          : "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4", "t5", "t6");
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
    EXPECT_EQ(buffer.size() - before, 6u);  // JAL, C.MV
    m.Epilogue(frame);
    m.Return();
    while (buffer.size() < before + 40) {
      m.Jump(0);
    }
    m.Alu(Operation::kAdd, 64, 1, 1, Operand::Imm(7));  // a0
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
  size_t first = 0;
  machine_.Build([&](MacroAssembler& m, CodeBuffer& buffer) {
    first = buffer.size();
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
  const uint64_t function = machine_.address() + first;
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
  uint64_t saved[14] = {};
  const uint64_t entry = machine_.address();
  const uint64_t top = StackTop();
  register uint64_t a0 asm("a0") = reinterpret_cast<uint64_t>(saved);
  register uint64_t a1 asm("a1") = top;
  register uint64_t a2 asm("a2") = entry;
  asm volatile(
      "li s1, 101; li s2, 102; li s3, 103; li s4, 104; li s5, 105; li s6, 106;"
      "li s7, 107; li s8, 108; li s9, 109; li s10, 110; li s11, 111;"
      "addi sp, sp, -32; sd a0, 0(sp); sd s0, 8(sp); sd sp, 16(sp);"
      "jalr a2;"
      "ld a1, 16(sp); sub a1, a1, sp;"
      "ld a0, 0(sp); ld a2, 8(sp); sub a2, a2, s0; addi sp, sp, 32;"
      "sd s1, 0(a0); sd s2, 8(a0); sd s3, 16(a0); sd s4, 24(a0);"
      "sd s5, 32(a0); sd s6, 40(a0); sd s7, 48(a0); sd s8, 56(a0);"
      "sd s9, 64(a0); sd s10, 72(a0); sd s11, 80(a0);"
      "sd a1, 88(a0); sd a2, 96(a0); li a1, 1; sd a1, 104(a0)"
      : "+r"(a0), "+r"(a1), "+r"(a2)
      :
      : "ra", "a3", "a4", "a5", "a6", "a7", "t0", "t1", "t2", "t3", "t4", "t5",
        "t6", "s1", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10",
        "s11", "memory");
  for (unsigned i = 0; i < 11; ++i) {
    EXPECT_EQ(saved[i], 101 + i) << "s" << 1 + i;
  }
  EXPECT_EQ(saved[11], 0u) << "sp";
  EXPECT_EQ(saved[12], 0u) << "s0";
  EXPECT_EQ(saved[13], 1u);
}

}  // namespace
}  // namespace ebpf::riscv64

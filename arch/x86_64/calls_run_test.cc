// SPDX-License-Identifier: MIT
//
// Calls, frames and stubs of the macro assembler, run.
#include "arch/x86_64/run_test_util.h"

namespace ebpf::x86_64 {
namespace {

uint64_t g_calls = 0;

/// A helper. What C lets it change, it changes.
uint64_t Helper(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e) {
  ++g_calls;
  EXPECT_EQ(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) % 16, 0u);
  asm volatile(
      "mov $-1, %%rdi; mov %%rdi, %%rsi; mov %%rdi, %%rdx; mov %%rdi, %%rcx;"
      "mov %%rdi, %%r8; mov %%rdi, %%r9; mov %%rdi, %%r10; mov %%rdi, %%r11"
      :
      :
      : "rdi", "rsi", "rdx", "rcx", "r8", "r9", "r10", "r11");
  return a + 2 * b + 3 * c + 5 * d + 7 * e;
}

class CallsRunTest : public RunTest {
 protected:
  static constexpr size_t kProgram = 4096;  // where BuildProgram puts it

  /// A program that is called by what Build makes.
  void BuildProgram(const Body& body) {
    CodeBuffer buffer;
    buffer.Use(program());
    MacroAssembler masm(buffer, 0);
    buffer_ = &buffer;
    body(masm);
    buffer_ = nullptr;
    ASSERT_FALSE(buffer.overflowed());
  }
  Span<uint8_t> program() { return {code_ + kProgram, kSize - kProgram}; }
  uint64_t program_address() const {
    return reinterpret_cast<uint64_t>(code_ + kProgram);
  }
  static uint64_t helper() { return reinterpret_cast<uint64_t>(&Helper); }

  /// Calls the program as a C function from code that has something in each
  /// register, which has to be there afterwards where C says so.
  void ExpectResult(State state, uint64_t result) {
    Build(0, {}, [&](MacroAssembler& m) {
      // With rsp a multiple of 16, and rbp checked.
      Encoder out(*buffer_);
      out.MovImmSigned(kRbp, -77);
      m.CallHelper(program_address(), 0);
      out.Alu(AluCode::kAdd, true, kRbp, 77);
      out.Alu(AluCode::kAdd, true, kRax, kRbp);
    });
    State want = state;
    want.regs[0] = result;
    InsnContext context;
    context.live_after = 0x7c1;  // not r1..r5
    Run(state);
    for (const Reg reg : {0, 6, 7, 8, 9, 10}) {
      ASSERT_EQ(state.regs[reg], want.regs[reg]) << +reg;
    }
    ++cases_;
  }
};

TEST_F(CallsRunTest, FunctionsKeepWhatTheySay) {
  for (unsigned saved = 0; saved < 16; ++saved) {
    for (const bool calls : {false, true}) {
      for (const bool far_call : {false, true}) {
        const machine::FrameInfo frame = {
            .saved = static_cast<uint16_t>(saved << 6), .calls = calls};
        BuildProgram([&](MacroAssembler& m) {
          m.Prologue(frame);
          for (Reg reg = 6; reg < 10; ++reg) {
            if ((frame.saved >> reg & 1) != 0) {
              m.MovImm(reg, 123);
            }
          }
          if (calls) {
            const uint64_t from =
                far_call ? 0 : program_address() + buffer_->size();
            m.CallHelper(helper(), from);
          } else {
            m.Mov(64, 0, 5);
          }
          m.Epilogue(frame);
          m.Return();
        });
        g_calls = 0;
        const State state = RandomState();
        const uint64_t* r = state.regs;
        ExpectResult(
            state,
            calls ? r[1] + 2 * r[2] + 3 * r[3] + 5 * r[4] + 7 * r[5] : r[5]);
        EXPECT_EQ(g_calls, calls ? 1u : 0u);
      }
    }
  }
  EXPECT_EQ(cases_, 64u);
}

TEST_F(CallsRunTest, CallsWhatIsNearInTheShortForm) {
  const auto size_of = [&](uint64_t target, uint64_t from) {
    size_t size = 0;
    BuildProgram([&](MacroAssembler& m) {
      m.CallHelper(target, from);
      size = buffer_->size();
    });
    return size;
  };
  constexpr uint64_t kFrom = 0xffff'8000'0000'0000;
  EXPECT_EQ(size_of(kFrom + 1000, kFrom), 5u);
  EXPECT_EQ(size_of(kFrom + 5 + INT32_MAX, kFrom), 5u);
  EXPECT_EQ(size_of(kFrom + 6 + INT32_MAX, kFrom), 12u);
  EXPECT_EQ(size_of(kFrom + 5 - (uint64_t{1} << 31), kFrom), 5u);
  EXPECT_EQ(size_of(kFrom + 4 - (uint64_t{1} << 31), kFrom), 12u);
  EXPECT_EQ(size_of(kFrom + 1000, 0), 12u);
  EXPECT_EQ(size_of(0xffff'ffff'8123'4567, 0), 9u);
  EXPECT_EQ(size_of(0x8123'4567, 0), 7u);
}

TEST_F(CallsRunTest, TheEntryStubGivesTheProgramItsStackAndKeepsR10) {
  BuildProgram([&](MacroAssembler& m) {
    const uint8_t form = m.EntryStub(kUnknownDistance);
    const size_t end = buffer_->size();
    // In between is what is not the first function.
    MacroAssembler::FillGuard({program().data() + end, 300});
    buffer_->Advance(300);
    MacroAssembler::Patch(program(), end, form, 300);
    const machine::FrameInfo frame = {.saved = 1 << 7, .calls = true};
    m.Prologue(frame);
    m.Mov(64, 7, 1);
    m.Mov(64, 3, kFramePointerReg);
    m.MovImm(4, 0);
    m.MovImm(5, 0);
    m.CallHelper(helper(), program_address() + buffer_->size());
    m.Alu(Operation::kAdd, 64, 0, 0, Operand::Of(7));
    m.Epilogue(frame);
    m.Return();
  });
  const State state = RandomState();
  const uint64_t* r = state.regs;
  ExpectResult(state, 2 * r[1] + 2 * r[2] + 3 * r[2]);
}

TEST_F(CallsRunTest, FunctionsCallEachOtherBothWays) {
  // The callee first, then one that calls it, and where the entry is.
  size_t entry = 0;
  const machine::FrameInfo frame = {.saved = 1 << 6, .calls = true};
  BuildProgram([&](MacroAssembler& m) {
    const uint8_t over = m.Jump(kUnknownDistance);
    const size_t over_end = buffer_->size();
    const size_t callee = buffer_->size();
    m.Alu(Operation::kMul, 64, 0, 1, Operand::Imm(3));
    m.Return();
    entry = buffer_->size();
    MacroAssembler::Patch(program(), over_end, over,
                          static_cast<int64_t>(entry - over_end));
    m.Prologue(frame);
    m.Mov(64, 6, 2);
    const uint8_t form = m.CallFunction(kUnknownDistance);
    MacroAssembler::Patch(program(), buffer_->size(), form,
                          static_cast<int64_t>(callee - buffer_->size()));
    m.Alu(Operation::kAdd, 64, 1, 0, Operand::Of(6));
    const uint8_t forward = m.CallFunction(kUnknownDistance);
    const size_t forward_end = buffer_->size();
    m.Epilogue(frame);
    m.Return();
    MacroAssembler::Patch(program(), forward_end, forward,
                          static_cast<int64_t>(buffer_->size() - forward_end));
    m.Alu(Operation::kMul, 64, 0, 1, Operand::Imm(10));
    m.Return();
  });
  const State state = RandomState();
  ExpectResult(state, (state.regs[1] * 3 + state.regs[2]) * 10);
}

TEST_F(CallsRunTest, FunctionsHaveAddressesToCallAndToJumpTo) {
  BuildProgram([&](MacroAssembler& m) {
    const uint8_t form = m.LoadFunctionAddress(kTemp1, kUnknownDistance);
    const size_t end = buffer_->size();
    m.JumpTo(kTemp1);
    m.MovImm(0, 1);
    m.Return();
    MacroAssembler::Patch(program(), end, form,
                          static_cast<int64_t>(buffer_->size() - end));
    m.Mov(64, 0, 2);
    m.Return();
  });
  const State state = RandomState();
  ExpectResult(state, state.regs[2]);
}

TEST_F(CallsRunTest, TheCallbackStubPassesArgumentsAndTheStack) {
  size_t stub = 0;
  const machine::FrameInfo frame = {.saved = 0, .calls = true};
  BuildProgram([&](MacroAssembler& m) {
    // The function: its result is of its arguments, and of r10.
    m.Prologue(frame);
    m.CallHelper(helper(), 0);
    m.Alu(Operation::kXor, 64, 0, 0, Operand::Of(kFramePointerReg));
    m.Epilogue(frame);
    m.Return();
    stub = buffer_->size();
    m.CallbackStub();
  });
  const uint64_t args[5] = {11, 22, 33, 44, 55};
  State state = RandomState();
  state.regs[1] = reinterpret_cast<uint64_t>(args);
  state.regs[3] = program_address();
  // From a jump to the stub.
  const uint64_t target = program_address() + stub;
  State want = state;
  want.regs[0] =
      (11 + 2 * 22 + 3 * 33 + 5 * 44 + 7 * uint64_t{55}) ^ state.regs[2];
  Build(0, {}, [&](MacroAssembler& m) { m.CallHelper(target, 0); });
  Run(state);
  for (const Reg reg : {0, 6, 7, 8, 9, 10}) {
    EXPECT_EQ(state.regs[reg], want.regs[reg]) << +reg;
  }
}

TEST_F(CallsRunTest, GuardsTrapAtEachByte) {
  uint8_t bytes[32] = {};
  MacroAssembler::FillGuard({bytes + 1, 30});
  EXPECT_EQ(bytes[0], 0);
  EXPECT_EQ(bytes[31], 0);
  for (int i = 1; i < 31; ++i) {
    EXPECT_EQ(bytes[i], 0xcc);  // INT3
  }
}

TEST_F(CallsRunTest, JumpsAreAsShortAsTheirDistance) {
  for (const bool conditional : {false, true}) {
    size_t last = 0;
    for (const int64_t distance :
         {int64_t{0}, int64_t{100}, int64_t{127}, int64_t{-128}, int64_t{128},
          int64_t{-129}, int64_t{1} << 30, kUnknownDistance}) {
      size_t size = 0;
      BuildProgram([&](MacroAssembler& m) {
        const uint8_t form = conditional ? m.Branch(Operation::kEq, 64, 1,
                                                    Operand::Of(2), distance)
                                         : m.Jump(distance);
        size = buffer_->size();
        if (distance == kUnknownDistance) {
          return;
        }
        MacroAssembler::Patch(program(), size, form, distance);
        int64_t read = 0;
        if (distance == static_cast<int8_t>(distance)) {
          read = static_cast<int8_t>(program()[size - 1]);
        } else {
          for (unsigned i = 0; i < 4; ++i) {
            read |= int64_t{program()[size - 4 + i]} << (8 * i);
          }
          read = static_cast<int32_t>(read);
        }
        EXPECT_EQ(read, distance);
      });
      EXPECT_GE(size, last);
      last = size;
      const size_t compare = conditional ? 3 : 0;
      const bool is_short = distance == static_cast<int8_t>(distance);
      EXPECT_EQ(size - compare, is_short ? 2u : conditional ? 6u : 5u);
    }
  }
}

}  // namespace
}  // namespace ebpf::x86_64

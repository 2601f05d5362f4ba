// SPDX-License-Identifier: MIT
//
// Runs the macro assembler's code, on a RISC-V CPU, against C++.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <sys/mman.h>
#include <vector>

#include "arch/riscv64/machine/icache.h"
#include "arch/riscv64/macro_assembler.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_machine.h"

namespace ebpf::riscv64 {

using isa::Operation;
using machine::Address;
using machine::CodeBuffer;
using machine::kFramePointerReg;
using machine::kLocalDistance;
using machine::kNoReg;
using machine::kTemp0;
using machine::kTemp1;
using machine::kUnknownDistance;
using machine::Operand;
using machine::Reg;

inline constexpr uint64_t kValues[] = {0,
                                       1,
                                       2,
                                       7,
                                       31,
                                       63,
                                       0x7f,
                                       0x80,
                                       0xff,
                                       0x7fff,
                                       0x8000,
                                       0x12345678,
                                       0x7fffffff,
                                       0x80000000,
                                       0xffffffff,
                                       0x100000000,
                                       0x123456789abcdef0,
                                       0x7fffffffffffffff,
                                       0x8000000000000000,
                                       0xffffffff80000000,
                                       0xfffffffffffffffe,
                                       0xffffffffffffffff};
inline constexpr int32_t kImms[] = {
    0,      1,        2,        3,          5,      -1,     -2,       -8,
    16,     0xff,     0xfff,    0x1000,     0x1001, -0xfff, -0x1000,  0xfff0,
    0xffff, 0x123456, -0x98765, 0x7fffffff, -32768, 0x5555, INT32_MIN};

/// r0..r9 and the temporaries.
struct State {
  uint64_t regs[13];
};

/// Executable memory for one piece of code at a time.
class Machine {
 public:
  explicit Machine(uint64_t features) : features_(features) {
    memory_ = static_cast<uint8_t*>(mmap(nullptr, kSize,
                                         PROT_READ | PROT_WRITE | PROT_EXEC,
                                         MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    EXPECT_NE(memory_, MAP_FAILED);
  }
  ~Machine() { munmap(memory_, kSize); }

  uint64_t address() const { return reinterpret_cast<uint64_t>(memory_); }

  /// Emits an entry stub and, as the first function, `emit`.
  void Build(const std::function<void(MacroAssembler&, CodeBuffer&)>& emit) {
    CodeBuffer buffer;
    buffer.Use(Span<uint8_t>(memory_, kSize));
    MacroAssembler masm(buffer, features_);
    const uint8_t form = masm.EntryStub(kUnknownDistance);
    const size_t end = buffer.size();
    emit(masm, buffer);
    ASSERT_FALSE(buffer.overflowed());
    MacroAssembler::Patch(code(), end, form, 0);
    FlushInsnCache(address(), buffer.size());
  }
  Span<uint8_t> code() { return Span<uint8_t>(memory_, kSize); }

  uint64_t Call(uint64_t context, uint64_t stack_top) {
    return reinterpret_cast<uint64_t (*)(uint64_t, uint64_t)>(memory_)(
        context, stack_top);
  }

 private:
  static constexpr size_t kSize = 65536;
  const uint64_t features_;
  uint8_t* memory_;
};

class RunTest : public testing::Test {
 protected:
  using Body = std::function<void(MacroAssembler&)>;
  using LongBody = std::function<void(MacroAssembler&, CodeBuffer&)>;

  /// A function that runs `body` with the registers of a State at r1, and puts
  /// them back there.
  void Build(const Body& body) {
    Build([&](MacroAssembler& m, CodeBuffer&) { body(m); });
  }
  void Build(const LongBody& body) {
    machine_.Build([&](MacroAssembler& m, CodeBuffer& buffer) {
      const machine::FrameInfo frame = {.saved = 15 << 6, .calls = true};
      m.Prologue(frame);
      m.Store(64, {kFramePointerReg, kNoReg, 0, -8}, Operand::Of(1));
      for (Reg reg = 0; reg <= kTemp1; ++reg) {
        if (reg != 1 && reg != kFramePointerReg) {
          m.Load(64, false, reg, {1, kNoReg, 0, 8 * reg});
        }
      }
      m.Load(64, false, 1, {1, kNoReg, 0, 8});
      m.AtTarget();
      body(m, buffer);
      m.AtTarget();
      // One register carries the address; it is saved first.
      m.Store(64, {kFramePointerReg, kNoReg, 0, -16}, Operand::Of(1));
      m.Load(64, false, 1, {kFramePointerReg, kNoReg, 0, -8});
      for (Reg reg = 0; reg <= kTemp1; ++reg) {
        if (reg != 1 && reg != kFramePointerReg) {
          m.Store(64, {1, kNoReg, 0, 8 * reg}, Operand::Of(reg));
        }
      }
      m.Load(64, false, 2, {kFramePointerReg, kNoReg, 0, -16});
      m.Store(64, {1, kNoReg, 0, 8}, Operand::Of(2));
      m.Epilogue(frame);
      m.Return();
    });
  }

  uint64_t Run(State& state) {
    return machine_.Call(reinterpret_cast<uint64_t>(&state), StackTop());
  }
  uint64_t StackTop() { return reinterpret_cast<uint64_t>(stack_ + 64); }

  /// Registers with values of their own.
  static State Fresh() {
    State state;
    for (unsigned reg = 0; reg <= kTemp1; ++reg) {
      state.regs[reg] = 0xabcd'0000'1234'0000 + reg * 0x1111;
    }
    return state;
  }

  /// Runs the built code: dst has to be `want`, and all else as it was.
  void ExpectOnly(State state, Reg dst, uint64_t want,
                  const std::string& what) {
    const State before = state;
    Run(state);
    ASSERT_EQ(state.regs[dst], want) << what;
    for (Reg reg = 0; reg <= kTemp1; ++reg) {
      if (reg != dst && reg != kFramePointerReg) {
        ASSERT_EQ(state.regs[reg], before.regs[reg]) << what << " r" << +reg;
      }
    }
    ++cases_;
  }

  /// `emit` of dst, lhs, rhs computes `model` for all values.
  void Binary(const std::string& what,
              const std::function<void(MacroAssembler&, Reg, Reg, Reg)>& emit,
              const std::function<uint64_t(uint64_t, uint64_t)>& model) {
    const Reg kShapes[][3] = {{0, 1, 2}, {6, 6, 7}, {3, 8, 3},
                              {4, 5, 5}, {2, 2, 2}, {kTemp0, 9, kTemp1}};
    for (const auto& shape : kShapes) {
      Build([&](MacroAssembler& m) { emit(m, shape[0], shape[1], shape[2]); });
      for (const uint64_t a : kValues) {
        for (const uint64_t b : kValues) {
          if (shape[1] == shape[2] && a != b) {
            continue;
          }
          State state = Fresh();
          state.regs[shape[1]] = a;
          state.regs[shape[2]] = b;
          ExpectOnly(state, shape[0], model(a, b),
                     what + " " + std::to_string(a) + " " + std::to_string(b));
        }
      }
    }
  }

  void Unary(const std::string& what,
             const std::function<void(MacroAssembler&, Reg, Reg)>& emit,
             const std::function<uint64_t(uint64_t)>& model) {
    const Reg kShapes[][2] = {{0, 1}, {6, 6}, {1, 0}, {kTemp1, 9}};
    for (const auto& shape : kShapes) {
      Build([&](MacroAssembler& m) { emit(m, shape[0], shape[1]); });
      for (const uint64_t a : kValues) {
        State state = Fresh();
        state.regs[shape[1]] = a;
        ExpectOnly(state, shape[0], model(a), what + " " + std::to_string(a));
      }
    }
  }

  Machine machine_{ThisCpuFeatures()};
  alignas(16) uint64_t stack_[72] = {};
  size_t cases_ = 0;
  size_t function_ = 0;
};

inline uint64_t Narrow(unsigned width, uint64_t value) {
  return width == 64 ? value : static_cast<uint32_t>(value);
}
inline int64_t Signed(unsigned width, uint64_t value) {
  return width == 64 ? static_cast<int64_t>(value)
                     : static_cast<int32_t>(static_cast<uint32_t>(value));
}

inline uint64_t AluModel(Operation op, unsigned width, uint64_t a, uint64_t b) {
  const unsigned count = static_cast<unsigned>(b) & (width - 1);
  switch (op) {
    case Operation::kAdd:
      return Narrow(width, a + b);
    case Operation::kSub:
      return Narrow(width, a - b);
    case Operation::kMul:
      return Narrow(width, a * b);
    case Operation::kOr:
      return Narrow(width, a | b);
    case Operation::kAnd:
      return Narrow(width, a & b);
    case Operation::kXor:
      return Narrow(width, a ^ b);
    case Operation::kLsh:
      return Narrow(width, a << count);
    case Operation::kRsh:
      return Narrow(width, a) >> count;
    case Operation::kArsh:
      return Narrow(width, static_cast<uint64_t>(Signed(width, a) >> count));
    default:
      return 0;
  }
}

inline uint64_t DivideModel(Operation op, unsigned width, uint64_t a,
                            uint64_t b) {
  a = Narrow(width, a);
  b = Narrow(width, b);
  const bool modulo = op == Operation::kMod || op == Operation::kSMod;
  if (b == 0) {
    return modulo ? a : 0;
  }
  if (op == Operation::kDiv || op == Operation::kMod) {
    return modulo ? a % b : a / b;
  }
  const int64_t x = Signed(width, a);
  const int64_t y = Signed(width, b);
  if (y == -1) {
    return modulo ? 0 : Narrow(width, 0 - static_cast<uint64_t>(x));
  }
  return Narrow(width, static_cast<uint64_t>(modulo ? x % y : x / y));
}

inline constexpr Operation kAluOps[] = {
    Operation::kAdd, Operation::kSub, Operation::kMul,
    Operation::kOr,  Operation::kAnd, Operation::kXor,
    Operation::kLsh, Operation::kRsh, Operation::kArsh};

inline std::string Name(Operation op, unsigned width) {
  return "operation " + std::to_string(static_cast<int>(op)) + " of " +
         std::to_string(width);
}

}  // namespace ebpf::riscv64

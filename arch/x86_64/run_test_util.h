// SPDX-License-Identifier: MIT
//
// Runs the macro assembler's code, on an x86-64 CPU, against C++.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <sys/mman.h>
#include <vector>

#include "arch/x86_64/macro_assembler.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_machine.h"

namespace ebpf::x86_64 {

using isa::Operation;
using machine::Address;
using machine::CodeBuffer;
using machine::InsnContext;
using machine::kFramePointerReg;
using machine::kLocalDistance;
using machine::kNoReg;
using machine::kTemp0;
using machine::kTemp1;
using machine::kUnknownDistance;
using machine::Operand;
using machine::Reg;

inline constexpr Reg kRegCount = kTemp1 + 1;

inline constexpr Operation kAluOps[] = {
    Operation::kAdd, Operation::kSub, Operation::kMul,
    Operation::kOr,  Operation::kAnd, Operation::kXor,
    Operation::kLsh, Operation::kRsh, Operation::kArsh};
inline constexpr Operation kDivideOps[] = {Operation::kDiv, Operation::kMod,
                                           Operation::kSDiv, Operation::kSMod};
inline constexpr Operation kConditions[] = {
    Operation::kEq,  Operation::kNe,  Operation::kGt,  Operation::kGe,
    Operation::kLt,  Operation::kLe,  Operation::kSGt, Operation::kSGe,
    Operation::kSLt, Operation::kSLe, Operation::kSet};
inline constexpr int32_t kImms[] = {
    0,          1,      -1,        2,     3,      4,        5,
    8,          9,      31,        63,    127,    128,      129,
    -127,       -128,   -129,      0xff,  0x100,  0xffff,   0x10000,
    0x12345678, -65536, INT32_MAX, -4096, 0x8000, INT32_MIN};

/// r0..r10 and the temporaries, and some memory.
struct State {
  uint64_t regs[kRegCount];
  uint64_t memory[8];
};

class RunTest : public testing::Test {
 protected:
  using Body = std::function<void(MacroAssembler&)>;

  RunTest() {
    void* memory =
        mmap(nullptr, kLead + kSize, PROT_READ | PROT_WRITE | PROT_EXEC,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(memory, MAP_FAILED);
    code_ = static_cast<uint8_t*>(memory) + kLead;
  }
  ~RunTest() override { munmap(code_ - kLead, kLead + kSize); }

  /// With and without what this CPU has.
  static std::vector<uint64_t> FeatureSets() {
    std::vector<uint64_t> sets = {0};
    for (const uint64_t set : {kFeatureBmi2, kFeatureMovbe}) {
      if ((ThisCpuFeatures() & set) != 0) {
        sets.push_back(set);
      }
    }
    return sets;
  }

  uint64_t Random() { return random_(); }
  /// Often one at a boundary.
  uint64_t RandomValue() {
    const uint64_t bits = random_();
    const uint64_t base = (bits >> 8 & 1) != 0 ? uint64_t{1} << (bits & 63) : 0;
    switch (bits >> 16 & 3) {
      case 0:
        return bits * 0x9e3779b97f4a7c15;
      case 1:
        return base + (bits >> 32 & 3) - 1;
      case 2:
        return 0 - base;
      default:
        return static_cast<uint64_t>(
            int64_t{kImms[(bits >> 20) % std::size(kImms)]});
    }
  }
  State RandomState() {
    State state;
    for (uint64_t& reg : state.regs) {
      reg = RandomValue();
    }
    for (uint64_t& word : state.memory) {
      word = RandomValue();
    }
    return state;
  }
  /// What the compiler may say around an instruction with results in `dst`.
  InsnContext RandomContext(Reg dst) {
    InsnContext context;
    if (Random() % 2 == 0) {
      context.live_after =
          static_cast<uint16_t>((Random() | 1u << dst) & 0x7ff);
      context.live_upper_after = static_cast<uint16_t>(Random() & 0x7ff);
    }
    return context;
  }

  /// A function that runs `body` with a State's registers, all of them.
  void Build(uint64_t features, const InsnContext& context, const Body& body) {
    CodeBuffer buffer;
    buffer.Use({code_, kSize});
    Encoder out(buffer);
    for (const unsigned reg : {kRbp, kRbx, kR12, kR13, kR14, kR15}) {
      out.Push(reg);
    }
    out.Push(kRdi);
    out.Mov(true, kR9, kRdi);
    for (Reg reg = 0; reg < kRegCount; ++reg) {
      out.Load(true, kPlaces[reg], {kR9, Memory::kNoIndex, 0, 8 * reg});
    }
    out.MovImm64(kR9, 0x5555'5555'5555'5555);
    MacroAssembler masm(buffer, features);
    masm.context = context;
    buffer_ = &buffer;
    body(masm);
    buffer_ = nullptr;
    out.Pop(kR9);
    for (Reg reg = 0; reg < kRegCount; ++reg) {
      out.Store(true, {kR9, Memory::kNoIndex, 0, 8 * reg}, kPlaces[reg]);
    }
    for (const unsigned reg : {kR15, kR14, kR13, kR12, kRbx, kRbp}) {
      out.Pop(reg);
    }
    out.Ret();
    ASSERT_FALSE(buffer.overflowed());
  }
  void Run(State& state) { reinterpret_cast<void (*)(State*)>(code_)(&state); }
  Span<uint8_t> code_bytes() { return {code_, kSize}; }

  /// Runs what was built: `dst` has to be `want`, and memory as `want_memory`,
  /// and all that `context` says is read as it was.
  void ExpectOnly(State state, const InsnContext& context, Reg dst,
                  const State& want, const std::string& what) {
    Run(state);
    ++cases_;
    for (Reg reg = 0; reg < kRegCount; ++reg) {
      const bool always = reg >= kFramePointerReg;
      if (!always && (context.live_after >> reg & 1) == 0) {
        continue;
      }
      const bool upper =
          always || reg != dst || (context.live_upper_after >> reg & 1) != 0;
      const uint64_t mask = upper ? ~uint64_t{0} : UINT32_MAX;
      ASSERT_EQ(state.regs[reg] & mask, want.regs[reg] & mask)
          << what << " r" << +reg;
    }
    for (size_t i = 0; i < std::size(state.memory); ++i) {
      ASSERT_EQ(state.memory[i], want.memory[i]) << what << " memory " << i;
    }
  }

  static constexpr size_t kSize = 65536;
  /// Sanitizers look at what is before a function.
  static constexpr size_t kLead = 64;
  static constexpr uint8_t kPlaces[kRegCount] = {kRax, kRdi, kRsi, kRdx, kRcx,
                                                 kR8,  kRbx, kR14, kR15, kR12,
                                                 kR13, kR10, kR11};

  uint8_t* code_;
  CodeBuffer* buffer_ = nullptr;  // while something is built
  std::mt19937_64 random_{1};
  size_t cases_ = 0;
};

inline uint64_t Narrow(unsigned width, uint64_t value) {
  return width == 64 ? value : value & ((uint64_t{1} << width) - 1);
}
inline int64_t Signed(unsigned width, uint64_t value) {
  return static_cast<int64_t>(value << (64 - width)) >> (64 - width);
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
      std::abort();
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

inline bool ConditionModel(Operation op, unsigned width, uint64_t a,
                           uint64_t b) {
  a = Narrow(width, a);
  b = Narrow(width, b);
  const int64_t x = Signed(width, a);
  const int64_t y = Signed(width, b);
  switch (op) {
    case Operation::kEq:
      return a == b;
    case Operation::kNe:
      return a != b;
    case Operation::kGt:
      return a > b;
    case Operation::kGe:
      return a >= b;
    case Operation::kLt:
      return a < b;
    case Operation::kLe:
      return a <= b;
    case Operation::kSGt:
      return x > y;
    case Operation::kSGe:
      return x >= y;
    case Operation::kSLt:
      return x < y;
    case Operation::kSLe:
      return x <= y;
    case Operation::kSet:
      return (a & b) != 0;
    default:
      std::abort();
  }
}

inline std::string Name(Operation op, unsigned width) {
  return "operation " + std::to_string(static_cast<int>(op)) + " of " +
         std::to_string(width);
}
inline std::string Names(Reg dst, Reg lhs, Reg rhs) {
  return " r" + std::to_string(dst) + " r" + std::to_string(lhs) + " r" +
         std::to_string(rhs);
}

}  // namespace ebpf::x86_64

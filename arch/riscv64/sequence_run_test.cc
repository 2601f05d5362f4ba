// SPDX-License-Identifier: MIT
//
// What the macro assembler remembers from one instruction to the next must not
// change what programs compute: random sequences, with the context that their
// liveness gives, against a model that remembers nothing.
#include <cstdint>
#include <cstring>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "arch/riscv64/run_test_util.h"
#include "arch/riscv64/step_test_util.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

class SequenceTest : public RunTest {
 protected:
  static constexpr size_t kMemory = 20480;
  static constexpr size_t kMiddle = kMemory / 2;

  unsigned Pick(unsigned count) {
    return static_cast<unsigned>(random_() % count);
  }
  template <typename T, size_t kSize>
  T Pick(const T (&values)[kSize]) {
    return values[Pick(static_cast<unsigned>(kSize))];
  }

  Step RandomStep();
  std::vector<Step> RandomSteps(unsigned count);
  void EmitStep(MacroAssembler& m, const Step& step);
  void EmitAll(MacroAssembler& m, CodeBuffer& buffer,
               const std::vector<Step>& steps);
  void ExpectAsModelled(const std::vector<Step>& steps, State state,
                        const std::string& what);

  std::mt19937_64 random_{20261126};
  uint64_t imm_ = 0x123456;
  std::vector<uint8_t> memory_ = std::vector<uint8_t>(kMemory);
};

Step SequenceTest::RandomStep() {
  Step step;
  step.kind = static_cast<Kind>(Pick(static_cast<unsigned>(Kind::kCount)));
  if (Pick(3) == 0) {
    step.kind = Pick(2) == 0 ? Kind::kAlu : Kind::kBranch;
  }
  step.width = Pick(2) == 0 ? 64 : 32;
  step.op = Pick(kAluOps);
  step.flag = Pick(2) == 0;
  // Few registers, so that they meet again.
  step.dst = static_cast<Reg>(Pick(5) + (Pick(4) == 0 ? 4 : 0));
  step.lhs = Pick(2) == 0 ? step.dst : static_cast<Reg>(Pick(9));
  step.rhs = static_cast<Reg>(Pick(9));
  // The same constants again, too, and counts of shifts.
  if (Pick(2) == 0) {
    imm_ = Pick(2) == 0 ? Pick(kValues)
                        : static_cast<uint64_t>(int64_t{Pick(kImms)});
  }
  step.imm = Pick(3) == 0 ? Pick(kCounts) : imm_;
  step.offset = static_cast<int32_t>(Pick(2 * kMiddle / 8 - 128)) * 8 -
                static_cast<int32_t>(kMiddle) + 512;
  switch (step.kind) {
    case Kind::kDivide:
      step.op = Pick(kDivisions);
      break;
    case Kind::kSwap:
    case Kind::kLoadSwapped:
      step.width = 16u << Pick(3);
      break;
    case Kind::kZeroExtend:
    case Kind::kSignExtend:
      step.imm = 8u << Pick(3);
      break;
    case Kind::kLoad:
    case Kind::kStore:
      step.width = 8u << Pick(4);
      break;
    case Kind::kFetch:
      step.op = Pick(kFetches);
      break;
    case Kind::kBranch:
      step.op = Pick(kConditions);
      step.skip = 1 + Pick(4);
      break;
    default:
      break;
  }
  return step;
}

std::vector<Step> SequenceTest::RandomSteps(unsigned count) {
  std::vector<Step> steps;
  for (unsigned i = 0; i < count; ++i) {
    steps.push_back(RandomStep());
  }
  for (unsigned i = 0; i < count; ++i) {
    if (steps[i].kind == Kind::kBranch) {
      steps[i].skip = std::min(steps[i].skip, count - 1 - i);
      if (i + 1 + steps[i].skip < count) {
        steps[i + 1 + steps[i].skip].is_target = true;
      }
    }
  }
  return steps;
}

void SequenceTest::EmitStep(MacroAssembler& m, const Step& step) {
  const unsigned width = step.width;
  const Address address = {kBase, kNoReg, 0, step.offset};
  const auto imm = static_cast<int32_t>(step.imm);
  switch (step.kind) {
    case Kind::kMov:
      return m.Mov(width, step.dst, step.lhs);
    case Kind::kMovImm:
      return m.MovImm(step.dst, step.imm);
    case Kind::kAlu:
      return m.Alu(step.op, width, step.dst, step.lhs,
                   step.flag ? Operand::Imm(imm) : Operand::Of(step.rhs));
    case Kind::kDivide:
      return m.Divide(step.op, width, step.dst, step.lhs, step.rhs, false);
    case Kind::kNegate:
      return m.Negate(width, step.dst, step.lhs);
    case Kind::kSwap:
      return m.ByteSwap(width, step.dst, step.lhs);
    case Kind::kZeroExtend:
      return m.ZeroExtend(static_cast<unsigned>(step.imm), step.dst, step.lhs);
    case Kind::kSignExtend:
      return m.SignExtend(static_cast<unsigned>(step.imm), width, step.dst,
                          step.lhs);
    case Kind::kRotate:
      return m.RotateLeft(width, step.dst, step.lhs, 13);
    case Kind::kExtract:
      return m.ExtractBits(step.dst, step.lhs, step.imm % 50, 1 + step.rhs * 3);
    case Kind::kMultiplyHigh:
      return m.MultiplyHigh(step.dst, step.lhs, step.rhs);
    case Kind::kLoad:
      return m.Load(width, step.flag, step.dst, address);
    case Kind::kLoadSwapped:
      return m.LoadSwapped(width, step.dst, address);
    case Kind::kStore:
      return m.Store(width, address,
                     step.flag ? Operand::Imm(imm) : Operand::Of(step.rhs));
    case Kind::kFetch:
      return m.AtomicFetch(step.op, width, address, step.dst);
    case Kind::kExchange:
      return m.CompareExchange(width, address, step.rhs);
    case Kind::kMoveBase:
      return m.Alu(Operation::kAdd, 64, kBase, kBase,
                   Operand::Imm(step.flag ? 8 : -8));
    default:
      return;
  }
}

void SequenceTest::EmitAll(MacroAssembler& m, CodeBuffer& buffer,
                           const std::vector<Step>& steps) {
  struct Jump {
    size_t target;
    size_t end;
    uint8_t form;
  };
  std::vector<Jump> jumps;
  const std::vector<uint16_t> live = UppersLiveAfter(steps);
  for (size_t i = 0; i <= steps.size(); ++i) {
    if (i == steps.size() || steps[i].is_target) {
      m.AtTarget();
    }
    for (const Jump& jump : jumps) {
      if (jump.target == i) {
        MacroAssembler::Patch(machine_.code(), jump.end, jump.form,
                              static_cast<int64_t>(buffer.size() - jump.end));
      }
    }
    if (i == steps.size()) {
      break;
    }
    const Step& step = steps[i];
    m.context.live_upper_after = live[i];
    if (step.kind == Kind::kBranch) {
      const auto imm = static_cast<int32_t>(step.imm);
      const uint8_t form =
          m.Branch(step.op, step.width, step.lhs,
                   step.flag ? Operand::Imm(imm) : Operand::Of(step.rhs),
                   i % 2 == 0 ? 1000 : kUnknownDistance);
      jumps.push_back({i + 1 + step.skip, buffer.size(), form});
    } else {
      EmitStep(m, step);
    }
  }
  m.context = {};
}

/// Runs what was built, from `state` and memory_ as they are.
void SequenceTest::ExpectAsModelled(const std::vector<Step>& steps, State state,
                                    const std::string& what) {
  state.regs[kBase] = reinterpret_cast<uint64_t>(&memory_[kMiddle]);
  State want = state;
  std::vector<uint8_t> want_memory = memory_;
  ModelAll(steps, want,
           reinterpret_cast<uint64_t>(want_memory.data()) -
               reinterpret_cast<uint64_t>(memory_.data()));
  Run(state);
  for (Reg reg = 0; reg <= kBase; ++reg) {
    ASSERT_EQ(state.regs[reg], want.regs[reg]) << what << " r" << +reg;
  }
  ASSERT_EQ(memory_, want_memory) << what;
}

/// `step` with all constants and operations that its kind has.
void AddVariants(Step step, std::vector<Step>& steps) {
  const bool extends =
      step.kind == Kind::kZeroExtend || step.kind == Kind::kSignExtend;
  const bool divides = step.kind == Kind::kDivide;
  const size_t operations = step.kind == Kind::kAlu ? std::size(kAluOps)
                            : divides               ? std::size(kDivisions)
                                                    : 1;
  for (const uint64_t imm : {0ull, 1ull, 16ull, 31ull, 32ull, 33ull,
                             0xfffff000ull, ~0ull, 0x7fffffffull}) {
    step.imm = !extends ? imm : imm == 0 ? 8 : imm == 1 ? 16 : 32;
    for (size_t op = 0; op < operations; ++op) {
      step.op = divides ? kDivisions[op] : kAluOps[op];
      steps.push_back(step);
    }
  }
}

/// Everything that makes a value, r0, of r1 and r2.
std::vector<Step> Makers() {
  std::vector<Step> makers;
  Step step = {.lhs = 1, .rhs = 2};
  for (unsigned kind = 0; kind <= static_cast<unsigned>(Kind::kFetch); ++kind) {
    step.kind = static_cast<Kind>(kind);
    const bool accesses = step.kind == Kind::kLoad || step.kind == Kind::kStore;
    const bool swaps =
        step.kind == Kind::kSwap || step.kind == Kind::kLoadSwapped;
    for (const unsigned width : {8u, 16u, 32u, 64u}) {
      if (width >= 32 || accesses || (swaps && width == 16)) {
        step.width = width;
        step.flag = false;
        AddVariants(step, makers);
        step.flag = true;
        AddVariants(step, makers);
      }
    }
  }
  return makers;
}

/// What depends on what is known of r0, each with a result of its own.
std::vector<Step> Uses() {
  std::vector<Step> uses = {
      {.kind = Kind::kAlu, .width = 32, .op = Operation::kArsh, .imm = 4},
      {.kind = Kind::kAlu, .width = 32, .op = Operation::kRsh, .imm = 4},
      {.kind = Kind::kMov, .width = 32},
      {.kind = Kind::kSignExtend, .width = 64, .imm = 32},
      {.kind = Kind::kBranch,
       .width = 32,
       .op = Operation::kSLt,
       .imm = 4,
       .skip = 1},
      {.kind = Kind::kMovImm, .imm = 1},
      {.kind = Kind::kBranch,
       .width = 32,
       .op = Operation::kGe,
       .imm = 4,
       .skip = 1},
      {.kind = Kind::kMovImm, .imm = 1}};
  Reg dst = 3;
  for (Step& use : uses) {
    use.flag = true;
    use.dst = dst;
    dst = static_cast<Reg>(dst + (use.kind == Kind::kBranch ? 0 : 1));
  }
  return uses;
}

TEST_F(SequenceTest, KnowsWhatEachResultIs) {
  for (const Step& maker : Makers()) {
    std::vector<Step> steps = Uses();
    steps.insert(steps.begin(), maker);
    Build([&](MacroAssembler& m, CodeBuffer& buffer) {
      EmitAll(m, buffer, steps);
    });
    for (const uint64_t a : kValues) {
      const uint64_t b = Pick(kValues);
      State state = Fresh();
      state.regs[0] = b;
      state.regs[1] = a;
      state.regs[2] = b;
      std::memcpy(&memory_[kMiddle], &a, sizeof(a));
      ExpectAsModelled(steps, state,
                       Name(maker.op, maker.width) + " imm " +
                           std::to_string(maker.imm) + " kind " +
                           std::to_string(static_cast<int>(maker.kind)));
    }
  }
}

TEST_F(SequenceTest, ComputesTheSameWhateverIsRemembered) {
  for (unsigned round = 0; round < 3000; ++round) {
    const std::vector<Step> steps = RandomSteps(24);
    State state = Fresh();
    for (Reg reg = 0; reg <= 8; ++reg) {
      state.regs[reg] = Pick(2) == 0 ? Pick(kValues) : random_();
    }
    for (uint8_t& byte : memory_) {
      byte = static_cast<uint8_t>(&byte - memory_.data()) * 0x9d;
    }
    Build([&](MacroAssembler& m, CodeBuffer& buffer) {
      EmitAll(m, buffer, steps);
    });
    ExpectAsModelled(steps, state, "round " + std::to_string(round));
  }
}

}  // namespace
}  // namespace ebpf::riscv64

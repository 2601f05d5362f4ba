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
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

enum class Kind : uint8_t {
  kMov,
  kMovImm,
  kAlu,
  kDivide,
  kNegate,
  kSwap,
  kZeroExtend,
  kSignExtend,
  kRotate,
  kExtract,
  kMultiplyHigh,
  kLoad,
  kLoadSwapped,
  kStore,
  kFetch,
  kExchange,
  kMoveBase,
  kBranch,
  kCount
};

/// One call of the macro assembler. Its registers are r0..r8; r9 is the base of
/// all accesses.
struct Step {
  Kind kind = Kind::kMov;
  unsigned width = 64;  // or bits
  Operation op = Operation::kAdd;
  bool flag = false;  // sign-extended, by a constant
  Reg dst = 0;
  Reg lhs = 0;
  Reg rhs = 0;
  uint64_t imm = 0;
  int32_t offset = 0;
  unsigned skip = 0;  // kBranch: this many steps
  bool is_target = false;
};

constexpr Reg kBase = 9;
constexpr Operation kConditions[] = {
    Operation::kEq, Operation::kGt,  Operation::kGe,  Operation::kSet,
    Operation::kNe, Operation::kSGt, Operation::kSGe, Operation::kLt,
    Operation::kLe, Operation::kSLt, Operation::kSLe};
constexpr Operation kDivisions[] = {Operation::kDiv, Operation::kSDiv,
                                    Operation::kMod, Operation::kSMod};
constexpr uint64_t kCounts[] = {0, 1, 20, 31, 32, 33, 63};
constexpr Operation kFetches[] = {Operation::kAdd, Operation::kOr,
                                  Operation::kAnd, Operation::kXor,
                                  Operation::kXchg};

bool Holds(Operation op, unsigned width, uint64_t a, uint64_t b) {
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
  static std::vector<uint16_t> UppersLiveAfter(const std::vector<Step>& steps);
  void EmitStep(MacroAssembler& m, const Step& step);
  void EmitAll(MacroAssembler& m, CodeBuffer& buffer,
               const std::vector<Step>& steps);
  void Model(const Step& step, State& state, std::vector<uint8_t>& memory);
  void ModelAll(const std::vector<Step>& steps, State& state,
                std::vector<uint8_t>& memory);
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

/// Bit r: somebody reads rN's upper half behind the step.
std::vector<uint16_t> SequenceTest::UppersLiveAfter(
    const std::vector<Step>& steps) {
  std::vector<uint16_t> before(steps.size() + 1, 0xffff);
  std::vector<uint16_t> after(steps.size(), 0xffff);
  for (size_t i = steps.size(); i-- > 0;) {
    const Step& step = steps[i];
    uint16_t live = before[i + 1];
    if (step.kind == Kind::kBranch) {
      live |= before[i + 1 + step.skip];
    }
    after[i] = live;
    const auto bit = [](Reg reg) { return static_cast<uint16_t>(1u << reg); };
    uint16_t kills = bit(step.dst);
    uint16_t reads = 0;
    switch (step.kind) {
      case Kind::kMovImm:
      case Kind::kLoad:
      case Kind::kLoadSwapped:
      case Kind::kZeroExtend:
      case Kind::kSignExtend:
        break;
      case Kind::kStore:
        kills = 0;
        reads = step.width == 64 && !step.flag ? bit(step.rhs) : 0;
        break;
      case Kind::kBranch:
        kills = 0;
        [[fallthrough]];
      case Kind::kAlu:
      case Kind::kDivide:
        reads = step.width == 64
                    ? static_cast<uint16_t>(bit(step.lhs) | bit(step.rhs))
                    : 0;
        break;
      case Kind::kExtract:
        reads = bit(step.lhs);
        break;
      case Kind::kMultiplyHigh:
        reads = static_cast<uint16_t>(bit(step.lhs) | bit(step.rhs));
        break;
      case Kind::kFetch:
        reads = step.width == 64 ? bit(step.dst) : 0;
        break;
      case Kind::kExchange:
        kills = 1;
        reads = step.width == 64 ? static_cast<uint16_t>(bit(step.rhs) | 1) : 0;
        break;
      case Kind::kMoveBase:
        kills = 0;
        break;
      default:
        reads = step.width == 64 ? bit(step.lhs) : 0;
        break;
    }
    before[i] = static_cast<uint16_t>((live & ~kills) | reads | 1u << kBase);
  }
  return after;
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

void SequenceTest::Model(const Step& step, State& state,
                         std::vector<uint8_t>& memory) {
  const unsigned width = step.width;
  uint64_t* const regs = state.regs;
  const uint64_t lhs = regs[step.lhs];
  const auto imm =
      static_cast<uint64_t>(int64_t{static_cast<int32_t>(step.imm)});
  const uint64_t rhs = step.flag ? imm : regs[step.rhs];
  uint8_t* const at = reinterpret_cast<uint8_t*>(regs[kBase]) + step.offset -
                      memory_.data() + memory.data();
  uint64_t old = 0;
  if (step.kind >= Kind::kLoad && step.kind <= Kind::kExchange) {
    std::memcpy(&old, at, width / 8);
  }
  const auto extended = [](uint64_t value, uint64_t bits) {
    return static_cast<uint64_t>(
        ::ebpf::SignExtend(value, static_cast<unsigned>(bits)));
  };
  switch (step.kind) {
    case Kind::kMov:
      regs[step.dst] = Narrow(width, lhs);
      break;
    case Kind::kMovImm:
      regs[step.dst] = step.imm;
      break;
    case Kind::kAlu:
      regs[step.dst] = AluModel(step.op, width, lhs, rhs);
      break;
    case Kind::kDivide:
      regs[step.dst] = DivideModel(step.op, width, lhs, regs[step.rhs]);
      break;
    case Kind::kNegate:
      regs[step.dst] = Narrow(width, 0 - lhs);
      break;
    case Kind::kSwap:
      regs[step.dst] = __builtin_bswap64(lhs) >> (64 - width);
      break;
    case Kind::kZeroExtend:
      regs[step.dst] = lhs & ((uint64_t{1} << step.imm) - 1);
      break;
    case Kind::kSignExtend:
      regs[step.dst] = Narrow(width, extended(lhs, step.imm));
      break;
    case Kind::kRotate:
      regs[step.dst] =
          Narrow(width, lhs << 13 | Narrow(width, lhs) >> (width - 13));
      break;
    case Kind::kExtract:
      regs[step.dst] =
          lhs >> step.imm % 50 & ((uint64_t{1} << (1 + step.rhs * 3)) - 1);
      break;
    case Kind::kMultiplyHigh:
      regs[step.dst] = static_cast<uint64_t>(
          static_cast<unsigned __int128>(lhs) * regs[step.rhs] >> 64);
      break;
    case Kind::kLoad:
      regs[step.dst] = step.flag ? extended(old, width) : old;
      break;
    case Kind::kLoadSwapped:
      regs[step.dst] = __builtin_bswap64(old) >> (64 - width);
      break;
    case Kind::kStore:
      std::memcpy(at, &rhs, width / 8);
      break;
    case Kind::kFetch: {
      const uint64_t src = regs[step.dst];
      const uint64_t value = step.op == Operation::kXchg
                                 ? src
                                 : AluModel(step.op, width, old, src);
      std::memcpy(at, &value, width / 8);
      regs[step.dst] = old;
      break;
    }
    case Kind::kExchange:
      if (Narrow(width, regs[0]) == old) {
        std::memcpy(at, &regs[step.rhs], width / 8);
      }
      regs[0] = old;
      break;
    case Kind::kMoveBase:
      regs[kBase] += step.flag ? 8 : -8;
      break;
    default:
      break;
  }
}

void SequenceTest::ModelAll(const std::vector<Step>& steps, State& state,
                            std::vector<uint8_t>& memory) {
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step& step = steps[i];
    if (step.kind != Kind::kBranch) {
      Model(step, state, memory);
      continue;
    }
    const uint64_t rhs =
        step.flag
            ? static_cast<uint64_t>(int64_t{static_cast<int32_t>(step.imm)})
            : state.regs[step.rhs];
    if (Holds(step.op, step.width, state.regs[step.lhs], rhs)) {
      i += step.skip;
    }
  }
}

/// Runs what was built, from `state` and memory_ as they are.
void SequenceTest::ExpectAsModelled(const std::vector<Step>& steps, State state,
                                    const std::string& what) {
  state.regs[kBase] = reinterpret_cast<uint64_t>(&memory_[kMiddle]);
  State want = state;
  std::vector<uint8_t> want_memory = memory_;
  ModelAll(steps, want, want_memory);
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

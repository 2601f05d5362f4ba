// SPDX-License-Identifier: MIT
//
// Programs with and without fusing must do the same, and each step that stands
// for several instructions must come up.
#include "core/interpreter/fusion.h"

#include <array>
#include <cstring>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "core/interpreter/execute.h"
#include "core/interpreter/image.h"
#include "core/interpreter/loop.h"
#include "core/interpreter/survey.h"
#include "core/interpreter/test_program.h"
#include "core/sync/read_section.h"
#include "gtest/gtest.h"

namespace ebpf::interpreter {
namespace {

isa::Insn Insn(uint8_t opcode, uint8_t dst, uint8_t src, int16_t offset,
               int32_t imm) {
  return TestProgram::Make(opcode, dst, src, offset, imm);
}

constexpr const char* kNames[] = {
#define EBPF_INSN(name, opcode, selector, value, operands, text) #name,
#include "core/isa/opcodes.def"
#define EBPF_STEP(name) #name,
#include "core/interpreter/steps.def"
};

// What a program leaves behind: its memory, with all registers at its end.
using Memory = std::array<uint64_t, 64>;
constexpr size_t kRegistersAt = 48;

class FusionTest : public testing::Test {
 protected:
  FusionTest() {
    EXPECT_TRUE(InitReadSections());
    EXPECT_EQ(InitRunContexts(PortAllocator()), Status::kOk);
  }
  ~FusionTest() override {
    ExitRunContexts();
    ExitReadSections();
  }

  Memory Run(const Program& program, Fusing fusing, uint64_t& result) {
    Result<Image*> image = MakeImage(program, fusing);
    EXPECT_TRUE(image.ok());
    if (fusing == Fusing::kYes) {
      for (const Word& word : (*image)->words) {
        if (static_cast<size_t>(word.step.op) >= isa::kOpCount) {
          seen_.insert(kNames[static_cast<size_t>(word.step.op)]);
        }
      }
    }
    for (size_t i = 0; i < memory_.size(); ++i) {
      memory_[i] = i * 0x9e3779b97f4a7c15;
    }
    const uint64_t args[5] = {reinterpret_cast<uint64_t>(memory_.data()), 2, 3,
                              4, 5};
    result = Execute((*image)->first(), args, run_->StackTop(), *run_);
    FreeImage(*image);
    return memory_;
  }

  // Runs `insns`, behind which all registers are written to the memory, in both
  // ways.
  void Check(std::vector<isa::Insn> insns) {
    TestProgram end;
    for (uint8_t reg = 0; reg < 8; ++reg) {
      end.StoreTo(9, static_cast<int16_t>(8 * (kRegistersAt + reg)), reg);
    }
    end.Exit();
    insns.insert(insns.end(), end.insns().begin(), end.insns().end());
    TestParts parts(insns);
    uint64_t plain_result = 0;
    uint64_t fused_result = 0;
    const Memory plain = Run(parts.program(), Fusing::kNo, plain_result);
    const Memory fused = Run(parts.program(), Fusing::kYes, fused_result);
    EXPECT_EQ(plain_result, fused_result);
    EXPECT_EQ(plain, fused);
  }

  // The same for both ways: programs see addresses.
  Memory memory_;
  const std::unique_ptr<RunContext> run_ = std::make_unique<RunContext>();
  std::set<std::string> seen_;
};

// Random instructions on r0..r7; r8 and r9 are the memory. Loads and stores at
// r8, r9 or r9 + a small r7.
class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  std::vector<isa::Insn> Program() {
    constexpr size_t kItems = 30;
    std::vector<TestProgram> items(kItems);
    std::vector<size_t> jumps(kItems);  // over so many items, if it jumps
    for (size_t i = 0; i < kItems; ++i) {
      Append(items[i], kItems - i - 1, jumps[i]);
    }
    TestProgram program;
    program.Mov(9, 1).Mov(8, 1).MovImm(6, 6).MovImm(7, 8);
    for (size_t i = 0; i < kItems; ++i) {
      std::vector<isa::Insn> insns = items[i].insns();
      for (size_t k = 1; k <= jumps[i]; ++k) {
        insns[0].offset =
            static_cast<int16_t>(insns[0].offset + items[i + k].insns().size());
      }
      program.Append(insns);
    }
    return program.insns();
  }

  // Calls forward, an end in the middle, helpers: what does not fit above.
  static std::vector<isa::Insn> Controls() {
    TestProgram program;
    program.Mov(9, 1).MovImm(1, 4).MovImm(2, 0);
    program.Raw(Insn(0x85, 0, 1, 0, 2));                   // call +2
    program.MovImm(3, 3).Raw(Insn(0x05, 0, 0, 3, 0));      // goto +3
    program.Mov(0, 1).Raw(Insn(0x07, 0, 0, 0, 1)).Exit();  // r0 = r1 + 1
    program.MovImm(1, 0).Raw(Insn(0x85, 0, 0, 0, 8));      // call helper
    program.MovImm(1, 1).MovImm(2, 2).MovImm(3, 3).MovImm(4, 4);
    program.MovImm(5, 5).MovImm(6, 6).MovImm(7, 7);
    return program.insns();
  }

 private:
  uint32_t Below(uint32_t bound) { return random_() % bound; }
  uint8_t Reg() { return static_cast<uint8_t>(Below(7)); }
  int32_t Imm() {
    const int32_t kImms[] = {0, 1, -1, 7, 31, 32, 63, 1000, INT32_MIN};
    return kImms[Below(9)];
  }

  void Append(TestProgram& program, size_t left, size_t& jump) {
    static constexpr uint8_t kSizes[] = {0x10, 0x08, 0x00, 0x18};
    const auto offset = static_cast<int16_t>(8 * Below(32));
    const uint8_t size = kSizes[Below(4)];
    switch (Below(10)) {
      case 0:
        program.Raw(Insn(Below(2) ? 0xbf : 0xbc, Reg(), Reg(), 0, 0));
        break;
      case 1:
        program.Raw(Insn(Below(2) ? 0xb7 : 0xb4, Reg(), 0, 0, Imm()));
        break;
      case 2:
        program.Raw(Insn(0x61 | size, Reg(), Below(2) ? 8 : 9, offset, 0));
        break;
      case 3:
        program.Raw(Insn(0x63 | size, Below(2) ? 8 : 9, Reg(), offset, 0));
        break;
      case 4:  // rN = r9; rN += r7; rM = *(rN + offset)
      {
        const uint8_t base = Reg();
        program.Mov(base, Below(2) ? 9 : 8).Raw(Insn(0x0f, base, 7, 0, 0));
        program.Raw(Insn(0x61 | size, Reg(), base, offset, 0));
      } break;
      case 5:
        jump = Below(static_cast<uint32_t>(left / 2) + 1);
        Jump(program);
        break;
      case 6:
        program.Raw(Insn(Below(2) ? 0x07 : 0x04, Reg(), 0, 0, Imm()));
        break;
      case 7:  // a copy with a store of it
      {
        const uint8_t reg = Reg();
        program.Raw(Insn(0x61 | size, reg, 9, offset, 0));
        program.Raw(Insn(0x63 | size, 8, reg, 8, 0));
      } break;
      case 8:
        Shift(program);
        break;
      default:
        Arithmetic(program);
    }
  }

  // Where to is for Program to fill in.
  void Jump(TestProgram& program) {
    static constexpr uint8_t kConditions[] = {0x10, 0x20, 0x30, 0x50,
                                              0xa0, 0xb0, 0x60, 0xc0};
    if (Below(8) == 0) {
      program.Raw(Insn(0x05, 0, 0, 0, 0));
      return;
    }
    const uint8_t opcode = kConditions[Below(8)] | (Below(2) ? 5 : 6);
    if (Below(2)) {
      program.Raw(Insn(opcode, Reg(), 0, 0, Imm()));
    } else {
      program.Raw(Insn(opcode | 8, Reg(), Reg(), 0, 0));
    }
  }

  void Shift(TestProgram& program) {
    static constexpr uint8_t kThen[] = {0x0f, 0x4f, 0xaf};
    const uint8_t shifted = Reg();
    program.Raw(Insn(Below(2) ? 0x67 : 0x77, shifted, 0, 0,
                     static_cast<int32_t>(Below(64))));
    const uint8_t other = Reg();
    const bool first = Below(2) != 0;
    program.Raw(Insn(kThen[Below(3)], first ? shifted : other,
                     first ? other : shifted, 0, 0));
  }

  void Arithmetic(TestProgram& program) {
    static constexpr uint8_t kCodes[] = {0x00, 0x10, 0x20, 0x30, 0x40, 0x50,
                                         0x60, 0x70, 0x90, 0xa0, 0xc0};
    const uint8_t opcode = kCodes[Below(11)] | (Below(2) ? 4 : 7);
    if (Below(2)) {
      program.Raw(Insn(opcode, Reg(), 0, 0, Imm()));
    } else {
      program.Raw(Insn(opcode | 8, Reg(), Reg(), 0, 0));
    }
  }

  std::mt19937 random_;
};

TEST_F(FusionTest, FusedProgramsDoWhatTheirInstructionsDo) {
  for (uint32_t seed = 0; seed < 4000 && !HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    Check(Generator(seed).Program());
  }
  Check(Generator::Controls());
  // Each row of steps.def that MakeImage makes of more than one instruction.
  for (size_t i = isa::kOpCount; i < kStepOpCount; ++i) {
    const std::string name = kNames[i];
    if (name != "Hole" && name != "CallHelperThatCallsBack" &&
        name.find("Probed") == std::string::npos) {
      EXPECT_TRUE(seen_.contains(name)) << name << " was never made";
    }
  }
}

// The group that `insns` begin with.
Group GroupOf(const std::vector<isa::Insn>& insns, uint8_t second_mark) {
  TestProgram all;
  all.Append(insns).Exit();
  TestParts parts(all.insns());
  std::vector<uint8_t> marks(all.insns().size(), uint8_t{1});
  marks[1] |= second_mark;
  isa::DecodedInsn insn;
  EXPECT_EQ(isa::DecodeFixed(parts.program().insns(), 0, insn),
            isa::DecodeError::kNone);
  return Fuser(parts.program(), Span<const uint8_t>(marks.data(), marks.size()))
      .At(0, insn);
}

TEST_F(FusionTest, ACopyAndAnOperationHaveThreeOperands) {
  const Group group =
      GroupOf({Insn(0xbf, 2, 3, 0, 0), Insn(0xaf, 2, 4, 0, 0)}, 0);
  EXPECT_EQ(group.insns, 2u);
  EXPECT_EQ(group.step_count, 1u);
  EXPECT_EQ(group.steps[0].op, StepOp::kXor64Reg);
  EXPECT_EQ(group.steps[0].dst, 2);
  EXPECT_EQ(group.steps[0].lhs(), 3);
  EXPECT_EQ(group.steps[0].src(), 4);
}

TEST_F(FusionTest, ACopyOfHalfARegisterIsNoneOfAllOfIt) {
  EXPECT_EQ(GroupOf({Insn(0xbc, 2, 3, 0, 0), Insn(0xaf, 2, 4, 0, 0)}, 0).insns,
            1u);
  EXPECT_EQ(GroupOf({Insn(0xbc, 2, 3, 0, 0), Insn(0xac, 2, 4, 0, 0)}, 0).insns,
            2u);
}

TEST_F(FusionTest, NothingIsFusedAcrossATarget) {
  const std::vector<isa::Insn> insns = {Insn(0xbf, 2, 3, 0, 0),
                                        Insn(0xaf, 2, 4, 0, 0)};
  EXPECT_EQ(GroupOf(insns, kIsTarget).insns, 1u);
  EXPECT_EQ(GroupOf(insns, kBeginsFunction).insns, 1u);
}

TEST_F(FusionTest, AHelperThatCallsBackIsNotFused) {
  EXPECT_EQ(GroupOf({Insn(0xb7, 4, 0, 0, 0), Insn(0x85, 0, 0, 0, 5)}, 0).insns,
            2u);
  EXPECT_EQ(
      GroupOf({Insn(0xb7, 4, 0, 0, 0), Insn(0x85, 0, 0, 0, 181)}, 0).insns, 1u);
}

// What is asked before each step sees the registers as they are then.
struct Watcher {
  static constexpr bool kObserves = true;
  bool Before(const Step& step, const uint64_t* regs,
              const RunContext& /*run*/) {
    indices.push_back(reinterpret_cast<const Word*>(&step) - first);
    r0.push_back(regs[0]);
    return indices.size() < limit;
  }
  const Word* first;
  size_t limit;
  std::vector<int64_t> indices;
  std::vector<uint64_t> r0;
};

TEST_F(FusionTest, AnObserverSeesEachInstructionOfAProgramThatIsNotFused) {
  TestProgram program;
  program.MovImm(0, 7).Constant(1, 1).Raw(Insn(0x0f, 0, 1, 0, 0));
  program.Raw(Insn(0x55, 0, 0, -2, 9)).Exit();  // again until r0 is 9
  TestParts parts(program.insns());
  Result<Image*> image = MakeImage(parts.program(), Fusing::kNo);
  ASSERT_TRUE(image.ok());
  const uint64_t args[5] = {};
  Watcher watcher = {(*image)->words.data(), 100, {}, {}};
  EXPECT_EQ(Loop((*image)->first(), args, parts.run().StackTop(), parts.run(),
                 watcher),
            9u);
  EXPECT_EQ(watcher.indices, (std::vector<int64_t>{0, 1, 3, 4, 3, 4, 5}));
  EXPECT_EQ(watcher.r0, (std::vector<uint64_t>{0, 7, 7, 8, 8, 9, 9}));
  // It can stop the run.
  Watcher stopper = {(*image)->words.data(), 3, {}, {}};
  EXPECT_EQ(Loop((*image)->first(), args, parts.run().StackTop(), parts.run(),
                 stopper),
            0u);
  EXPECT_EQ(stopper.indices.size(), 3u);
  FreeImage(*image);
}

}  // namespace
}  // namespace ebpf::interpreter

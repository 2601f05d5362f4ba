// SPDX-License-Identifier: MIT
#include "tools/cli/probe_survey.h"

#include <utility>

#include "arch/aarch64/machine_ops.h"
#include "arch/aarch64/probed_insn.h"
#include "arch/riscv64/machine_ops.h"
#include "arch/riscv64/probed_insn.h"
#include "arch/x86_64/detour.h"
#include "arch/x86_64/machine_ops.h"
#include "arch/x86_64/probed_insn.h"
#include "gtest/gtest.h"

namespace ebpf::cli {
namespace {

constexpr uint64_t kAddress = 0xffff'8000'0010'0000;
constexpr ProbedPort kAll = {
    machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap, true};

KernelImage X86() {
  return {&x86_64::kMachineOps, x86_64::ProbedInsn::Size, nullptr, {}, {}, {}};
}
KernelImage Arm() {
  return {
      &aarch64::kMachineOps, aarch64::ProbedInsn::Size, nullptr, {}, {}, {}};
}
KernelImage RiscV() {
  return {
      &riscv64::kMachineOps, riscv64::ProbedInsn::Size, nullptr, {}, {}, {}};
}

KernelFunction Function(std::vector<uint8_t> code) {
  return {{"f"}, kAddress, std::move(code), ".text"};
}
KernelFunction Words(const std::vector<uint32_t>& words) {
  std::vector<uint8_t> code;
  for (uint32_t word : words) {
    for (int i = 0; i < 4; ++i) {
      code.push_back(static_cast<uint8_t>(word >> (8 * i)));
    }
  }
  return Function(std::move(code));
}

/// "offset size how-or-why" of each.
std::vector<std::string> Lines(const SurveyedFunction& survey) {
  std::vector<std::string> lines;
  for (const SurveyedInsn& insn : survey.insns) {
    EXPECT_NE(insn.how.empty(), insn.why.empty());
    lines.push_back(std::to_string(insn.offset) + " " +
                    std::to_string(insn.size) + " " + insn.how + insn.why);
  }
  return lines;
}

using Expected = std::vector<std::string>;

TEST(ProbeSurveyTest, TellsHowEachInstructionIsMadeToHappen) {
  // push rbp; imul rdi, rsi; hlt; ret
  const KernelFunction function =
      Function({0x55, 0x48, 0x0f, 0xaf, 0xfe, 0xf4, 0xc3});
  const SurveyedFunction survey = Survey(X86(), function, kAll);
  EXPECT_EQ(Lines(survey),
            (Expected{"0 1 emulated", "1 4 relocated",
                      "5 1 not this instruction", "6 1 emulated"}));
  EXPECT_EQ(survey.unknown_bytes, 0u);
  // Where the port cannot have slots that jump back.
  EXPECT_EQ(Survey(X86(), function, {kAll.trap_stub, false}).insns[1].how,
            "stepped");
}

TEST(ProbeSurveyTest, TellsWhatOnlyTheTrapsStubForbids) {
  const KernelFunction function = Function({0x9d, 0xc3});  // popf; ret
  EXPECT_EQ(Survey(X86(), function, kAll).insns[0].why, "");
  EXPECT_EQ(Survey(X86(), function, {0, true}).insns[0].why,
            "the trap's stub cannot do it");
}

TEST(ProbeSurveyTest, TellsWhatIsOnABreakpointsOwnWay) {
  KernelImage image = X86();
  image.unprobeable = {{kAddress + 2, kAddress + 3, "part"}};
  // push rbp; mov rbp, rsp (of which the range has a byte); ret
  const KernelFunction function = Function({0x55, 0x48, 0x89, 0xe5, 0xc3});
  EXPECT_EQ(Lines(Survey(image, function, kAll)),
            (Expected{"0 1 emulated", "1 3 on a breakpoint's own way (part)",
                      "4 1 emulated"}));
}

TEST(ProbeSurveyTest, StopsWhereNoInstructionIsKnown) {
  // ret; an opcode that 64-bit mode does not have
  const KernelFunction function = Function({0xc3, 0x06, 0x90, 0x90});
  const SurveyedFunction survey = Survey(X86(), function, kAll);
  EXPECT_EQ(Lines(survey), (Expected{"0 1 emulated"}));
  EXPECT_EQ(survey.unknown_bytes, 3u);
}

TEST(ProbeSurveyTest, TellsWhatIsBetweenALoadExclusiveAndItsStore) {
  // ldxr x0, [x1]; add x0, x0, #1; stxr w2, x0, [x1]; ret
  const KernelFunction arm =
      Words({0xc85f7c20, 0x91000400, 0xc8027c20, 0xd65f03c0});
  EXPECT_EQ(Lines(Survey(Arm(), arm, kAll)),
            (Expected{"0 4 not this instruction",
                      "4 4 between a load-exclusive and its store",
                      "8 4 not this instruction", "12 4 emulated"}));
  // lr.d a0, (a1); addi a0, a0, 1; sc.d a2, a0, (a1); c.ret
  KernelFunction riscv = Words({0x1005b52f, 0x00150513, 0x18a5b62f});
  riscv.code.insert(riscv.code.end(), {0x82, 0x80});
  EXPECT_EQ(Lines(Survey(RiscV(), riscv, kAll)),
            (Expected{"0 4 not this instruction",
                      "4 4 between a load-exclusive and its store",
                      "8 4 not this instruction", "12 2 emulated"}));
}

TEST(ProbeSurveyTest, TellsWhetherAJumpCouldStandAtTheEntry) {
  KernelImage image = X86();
  // push rbp; mov rbp, rsp; sub rsp, 16; leave; ret
  const KernelFunction long_enough =
      Function({0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x10, 0xc9, 0xc3});
  const KernelFunction too_short = Function({0x31, 0xc0, 0xc3});
  EXPECT_FALSE(Survey(image, long_enough, kAll).entry_takes_jump);
  image.entry_window = [](ConstBytes code, uint64_t function) {
    return x86_64::Detour::FindWindow(code, function, 0);
  };
  EXPECT_TRUE(Survey(image, long_enough, kAll).entry_takes_jump);
  EXPECT_FALSE(Survey(image, too_short, kAll).entry_takes_jump);
  image.unprobeable = {{kAddress, kAddress + 1, "part"}};
  EXPECT_FALSE(Survey(image, long_enough, kAll).entry_takes_jump);
}

TEST(ProbeSurveyTest, TellsWhereABranchStandsInPlaceOfABreakpoint) {
  const KernelFunction add = Words({0x91000400});  // add x0, x0, #1
  EXPECT_EQ(Lines(Survey(Arm(), add, kAll)), (Expected{"0 4 detoured"}));
  EXPECT_EQ(Lines(Survey(Arm(), add, {kAll.trap_stub, false})),
            (Expected{"0 4 emulated"}));
}

TEST(ProbeSurveyTest, PassesOverData) {
  KernelImage image = Arm();
  image.data = {{kAddress + 4, kAddress + 12, "data"}};
  const KernelFunction function =
      Words({0xd65f03c0, 0xc85f7c20, 0xffffffff, 0xd65f03c0});
  const SurveyedFunction survey = Survey(image, function, kAll);
  EXPECT_EQ(Lines(survey), (Expected{"0 4 emulated", "12 4 emulated"}));
  EXPECT_EQ(survey.data_bytes, 8u);
}

TEST(ProbeSurveyTest, ALongFunctionIsLookedAtLikeAShortOne) {
  // The loop again and again, so that windows begin at every place of it.
  std::vector<uint32_t> words;
  for (int i = 0; i < 1500; ++i) {
    words.insert(words.end(),
                 {0x91000400, 0xc85f7c20, 0x91000400, 0xc8027c20, 0xd503201f});
  }
  const KernelFunction function = Words(words);
  const SurveyedFunction survey = Survey(Arm(), function, kAll);
  ASSERT_EQ(survey.insns.size(), words.size());
  const KernelFunction one = Words({words.begin(), words.begin() + 5});
  const SurveyedFunction expected = Survey(Arm(), one, kAll);
  for (size_t i = 0; i < survey.insns.size(); ++i) {
    EXPECT_EQ(survey.insns[i].how, expected.insns[i % 5].how) << i;
    EXPECT_EQ(survey.insns[i].why, expected.insns[i % 5].why) << i;
  }
}

}  // namespace
}  // namespace ebpf::cli

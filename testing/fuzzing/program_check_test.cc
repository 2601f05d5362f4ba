// SPDX-License-Identifier: MIT
//
// Random programs: those that are accepted run without a fault, and each state
// they get into was foreseen. And the checked machine does find faults.
#include "testing/fuzzing/program_check.h"

#include <cstdlib>

#include "core/sync/read_section.h"
#include "gtest/gtest.h"
#include "testing/fuzzing/checked_machine.h"
#include "testing/fuzzing/program_grammar.h"

namespace ebpf::fuzzing {
namespace {

using namespace verifier;  // NOLINT: a test of its programs

uint64_t ProgramsToRun() {
  const char* number = std::getenv("EBPF_RANDOM_PROGRAMS");
  return number == nullptr ? 3000 : std::strtoull(number, nullptr, 10);
}

TEST(ProgramCheckTest, AcceptedProgramsDoWhatTheVerifierForesaw) {
  ProgramChecker checker;
  uint64_t accepted = 0;
  uint64_t steps = 0;
  uint64_t insns = 0;
  const uint64_t count = ProgramsToRun();
  for (uint64_t seed = 0; seed < count; ++seed) {
    const std::vector<uint8_t> bytes = RandomBytes(seed, 100 + seed % 900);
    ByteSource source(bytes.data(), bytes.size());
    const Target target = seed % 2 == 0 ? Target::kFunction : Target::kPacket;
    const Code code = DecodeProgram(source, target);
    const CheckResult result = checker.Check(code, seed, nullptr, target);
    accepted += IsOk(result.status);
    steps += result.steps;
    insns += code.size();
    if (!result.fault.empty()) {
      std::string log;
      (void)checker.Check(code, seed, &log, target);
      FAIL() << "seed " << seed << "\n" << log << result.fault;
    }
  }
  std::printf("%llu of %llu accepted, %llu insns each, %llu steps run\n",
              static_cast<unsigned long long>(accepted),
              static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(insns / count),
              static_cast<unsigned long long>(steps));
  EXPECT_GT(accepted, count / 5);
}

TEST(ProgramCheckTest, RunsThatGetToAnInstructionAreCounted) {
  ProgramChecker checker;
  // 12345 is found since the program names it.
  const Code code = Join({Load(kDW, R6, R1, 0), JumpImm(kJne, R6, 12345, 1),
                          MovImm(R7, 1), Return0()});
  const auto reached = [&](uint32_t watched) {
    const CheckResult result =
        checker.CheckRuns(code, 1, 600, Target::kFunction, watched);
    EXPECT_EQ(result.status, Status::kOk);
    EXPECT_EQ(result.fault, "");
    return result.reached;
  };
  EXPECT_EQ(reached(0), 600u);
  EXPECT_EQ(reached(3), 600u);
  EXPECT_GT(reached(2), 5u);
  EXPECT_LT(reached(2), 200u);
}

class CheckedMachineTest : public ::testing::Test {
 protected:
  /// With one fact that is believed, of the instruction `at`.
  std::string Run(const Code& code, size_t at = 0, InsnFacts fact = {}) {
    const TestMaps maps;
    ReadSection reading;
    std::vector<uint8_t> context(168);
    CheckedMachine machine(code, maps.span(),
                           Span<uint8_t>(context.data(), context.size()));
    std::vector<InsnFacts> facts(code.size());
    facts[at] = fact;
    machine.Believe(facts);
    return machine.Run(1000, [](uint32_t) { return true; });
  }
  ProgramChecker checker_;
};

TEST_F(CheckedMachineTest, HarmlessProgramsRun) {
  EXPECT_EQ(
      Run(Join({LookupOrExit(kArray), StoreImm(kDW, R0, 8, 1), Return0()})),
      "");
  EXPECT_EQ(
      Run(Join({Reserve(8), JumpImm(kJeq, R0, 0, 3), Release(R0), Return0()})),
      "");
}

TEST_F(CheckedMachineTest, FaultsAreFound) {
  EXPECT_EQ(Run({MovReg(R0, R2), Exit()}), "insn 0: r2 was never written");
  EXPECT_EQ(Run({Exit()}), "insn 0: r0 was never written");
  EXPECT_EQ(Run({Load(kDW, R0, R10, -8), Exit()}),
            "insn 0: reads stack that was not written");
  EXPECT_EQ(Run(Join({LookupOrExit(kArray), Load(kDW, R1, R0, 9), Return0()})),
            "insn 8: reads memory that is not the program's");
  EXPECT_EQ(
      Run(Join({LookupOrExit(kReadOnly), StoreImm(kB, R0, 0, 1), Return0()})),
      "insn 8: writes memory that is not the program's");
  EXPECT_EQ(Run(Join({StoreImm(kDW, R1, 0, 1), Return0()})),
            "insn 0: writes memory that is not the program's");
  EXPECT_EQ(Run(Join({Reserve(8), Return0()})),
            "insn 7: ended with a record held");
  EXPECT_EQ(Run(Join({Reserve(8), MovReg(R6, R0), Release(R6),
                      Load(kB, R0, R6, 0), Exit()})),
            "insn 9: reads memory that is not the program's");
}

TEST_F(CheckedMachineTest, FactsThatDoNotHoldAreFound) {
  InsnFacts fact{};
  fact.never_reached = 1;
  EXPECT_EQ(Run(Return0(), 1, fact),
            "insn 1: is reached, which was said not to be");
  fact = {};
  fact.divisor_non_zero = 1;
  EXPECT_EQ(Run({MovImm(R0, 0), AluReg(kDiv, R0, R0), Exit()}, 1, fact),
            "insn 1: divides by 0, which was said not to be");
  fact = {};
  fact.always_jumps = 1;
  EXPECT_EQ(Run({MovImm(R0, 0), JumpImm(kJne, R0, 0, 0), Exit()}, 1, fact),
            "insn 1: goes the way that was said never to be gone");
  fact = {};
  fact.never_jumps = 1;
  EXPECT_EQ(Run({MovImm(R0, 0), JumpImm(kJeq, R0, 0, 0), Exit()}, 1, fact),
            "insn 1: goes the way that was said never to be gone");
  for (const PointerKind kind : {PointerKind::kStack, PointerKind::kMemory}) {
    fact = {};
    fact.pointer = kind;
    EXPECT_EQ(Run({Load(kDW, R0, R1, 0), Exit()}, 0, fact),
              "insn 0: has a pointer of another kind than was said");
  }
}

TEST_F(CheckedMachineTest, UpperHalvesThatAreReadAreFound) {
  InsnFacts fact{};
  fact.no_zero_extension = 1;
  const std::string read =
      "reads an upper half that was said to be read by nobody";
  const isa::Insn number = Mov32Imm(R6, 1);
  EXPECT_EQ(Run(Join({number, Store(kDW, R10, -8, R6), Return0()}), 0, fact),
            "insn 1: " + read);
  EXPECT_EQ(Run(Join({number, MovReg(R7, R6), AluReg(kAdd, R7, R7),
                      JumpImm(kJeq, R7, 0, 0), Return0()}),
                0, fact),
            "insn 3: " + read);
  EXPECT_EQ(Run({number, MovReg(R0, R6), Exit()}, 0, fact), "insn 2: " + read);
  EXPECT_EQ(Run(Join({number, MovReg(R1, R6), CallLocal(1), Exit(), Return0()}),
                0, fact),
            "insn 2: passes an upper half that was said to be read by nobody");
  EXPECT_EQ(Run(Join({number, MovReg(R7, R6), Mov32Reg(R7, R7),
                      Store(kDW, R10, -8, R7), Return0()}),
                0, fact),
            "");
}

}  // namespace
}  // namespace ebpf::fuzzing

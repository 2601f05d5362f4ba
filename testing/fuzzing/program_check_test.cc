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
    const Code code = DecodeProgram(source);
    const CheckResult result = checker.Check(code, seed);
    accepted += IsOk(result.status);
    steps += result.steps;
    insns += code.size();
    if (!result.fault.empty()) {
      std::string log;
      (void)checker.Check(code, seed, &log);
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

class CheckedMachineTest : public ::testing::Test {
 protected:
  std::string Run(const Code& code) {
    const TestMaps maps;
    ReadSection reading;
    std::vector<uint8_t> context(168);
    CheckedMachine machine(code, maps.span(),
                           Span<uint8_t>(context.data(), context.size()));
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

}  // namespace
}  // namespace ebpf::fuzzing

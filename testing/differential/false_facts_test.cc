// SPDX-License-Identifier: MIT
//
// For each fact that an engine uses: if it is false, the comparison sees it.
#include "testing/differential/false_facts.h"

#include <cstdio>
#include <cstring>

#include "gtest/gtest.h"
#include "testing/conformance/engines.h"
#include "testing/host_port/host_machine.h"

namespace ebpf::differential {
namespace {

FalseFactFigures Figures(const char* name, FalseFact kind,
                         uint64_t count = 100) {
  const FalseFactFigures figures = CompareFalseFacts(kind, 5, count);
  std::printf("%s: %llu programs, %llu wrong, %llu crashed, %llu refused\n",
              name, static_cast<unsigned long long>(figures.programs),
              static_cast<unsigned long long>(figures.wrong),
              static_cast<unsigned long long>(figures.crashed),
              static_cast<unsigned long long>(figures.refused));
  return figures;
}

class FalseFactsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (conformance::Variants().size() < 2) {
      GTEST_SKIP() << "no compiler for this CPU";
    }
  }
};

TEST_F(FalseFactsTest, TrueFactsAreCaughtNowhere) {
  const FalseFactFigures figures = Figures("true facts", FalseFact::kNone);
  EXPECT_EQ(figures.caught(), 0u);
  EXPECT_EQ(figures.programs, 100u);
}

TEST_F(FalseFactsTest, AnUpperHalfThatIsReadAfterAll) {
  // On some CPUs only a move of 32 bits to itself asks for it.
  EXPECT_GT(
      Figures("zero extension", FalseFact::kNoZeroExtension, 2000).caught(),
      0u);
}

TEST_F(FalseFactsTest, ADivisorThatIsZeroAfterAll) {
  const uint64_t caught =
      Figures("divisor", FalseFact::kDivisorNonZero).caught();
  if (std::strcmp(ThisMachine().name, "aarch64") == 0) {
    EXPECT_EQ(caught, 0u);  // where division is eBPF's: x / 0 = 0
  } else {
    EXPECT_GT(caught, 0u);
  }
}

TEST_F(FalseFactsTest, AnInstructionThatIsReachedAfterAll) {
  EXPECT_GT(Figures("never reached", FalseFact::kNeverReached).caught(), 0u);
}

TEST_F(FalseFactsTest, AJumpThatDoesNotJump) {
  EXPECT_GT(Figures("always jumps", FalseFact::kAlwaysJumps).caught(), 0u);
}

TEST_F(FalseFactsTest, AJumpThatJumps) {
  EXPECT_GT(Figures("never jumps", FalseFact::kNeverJumps).caught(), 0u);
}

}  // namespace
}  // namespace ebpf::differential

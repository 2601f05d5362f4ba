// SPDX-License-Identifier: MIT
#include "testing/mutants/mutator.h"

#include <cstring>

#include "gtest/gtest.h"

namespace ebpf::mutants {
namespace {

/// A map's lookup, a call of its own, and some arithmetic.
const Code kProgram = {
    {0x18, 1, 1, 0, 3},  {0x00, 0, 0, 0, 0},   {0xbf, 2, 10, 0, 0},
    {0x07, 2, 0, 0, -8}, {0x7a, 10, 0, -8, 0}, {0x85, 0, 0, 0, 1},
    {0x15, 0, 0, 2, 0},  {0x71, 1, 0, 0, 0},   {0x73, 0, 1, 0, 0},
    {0x18, 2, 0, 0, 7},  {0x00, 0, 0, 0, 0},   {0x85, 0, 1, 0, 1},
    {0x95, 0, 0, 0, 0},  {0xb7, 0, 0, 0, 0},   {0x95, 0, 0, 0, 0}};

size_t Differences(const Code& a, const Code& b) {
  size_t count = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    count += memcmp(&a[i], &b[i], sizeof(a[i])) == 0 ? 0 : 1;
  }
  return count;
}

TEST(MutatorTest, ASeedGivesTheSameProgramEachTime) {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const Code once = Spoilt(kProgram, seed);
    EXPECT_EQ(Differences(once, Spoilt(kProgram, seed)), 0u) << seed;
  }
}

TEST(MutatorTest, FewPlacesAreSpoiltAndMostSeedsSpoilOne) {
  size_t same = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Code spoilt = Spoilt(kProgram, seed);
    ASSERT_EQ(spoilt.size(), kProgram.size());
    const size_t differences = Differences(kProgram, spoilt);
    EXPECT_LE(differences, 6u) << seed;
    same += differences == 0 ? 1 : 0;
  }
  EXPECT_LT(same, 800u);
}

TEST(MutatorTest, EachInstructionIsSpoiltBySomeSeed) {
  std::vector<size_t> spoilt(kProgram.size());
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Code code = Spoilt(kProgram, seed);
    for (size_t i = 0; i < code.size(); ++i) {
      spoilt[i] += memcmp(&code[i], &kProgram[i], sizeof(code[i])) == 0 ? 0 : 1;
    }
  }
  for (size_t i = 0; i < spoilt.size(); ++i) {
    // The call of a function of the program's own is left alone.
    EXPECT_EQ(spoilt[i] == 0, i == 11) << i;
  }
}

TEST(MutatorTest, WideInstructionsKeepBothSlots) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const Code code = Spoilt(kProgram, seed);
    for (size_t i = 0; i < code.size(); ++i) {
      if (code[i].opcode == 0x18) {
        ASSERT_LT(i + 1, code.size()) << seed;
        EXPECT_EQ(code[i + 1].opcode, 0) << seed;
        ++i;
      } else {
        EXPECT_NE(code[i].opcode, 0) << seed << ", " << i;
      }
    }
  }
}

TEST(MutatorTest, NothingIsSpoiltInAnEmptyProgram) {
  EXPECT_TRUE(Spoilt({}, 1).empty());
}

}  // namespace
}  // namespace ebpf::mutants

// SPDX-License-Identifier: MIT
#include "testing/oracle/host_path.h"

#include "gtest/gtest.h"

namespace ebpf::oracle {
namespace {

constexpr char kLog[] =
    "0: R1=ctx() R10=fp0\n"
    "0: (79) r6 = *(u64 *)(r1 +0)          ; R1=ctx() R6=scalar()\n"
    "1: (7b) *(u64 *)(r10 -8) = r6         ; R6=scalar() R10=fp0 "
    "fp-8=scalar()\n"
    "2: (79) r1 = *(u64 *)(r10 -8)         ; R1=scalar() R10=fp0\n"
    "3: (85) call pc+6\n"
    "caller:\n"
    " R6=scalar() R10=fp0\n"
    "callee:\n"
    " frame1: R1=scalar() R10=fp0\n"
    "10: frame1: R1=scalar() R10=fp0\n"
    "10: (bc) w6 = w1                      ; frame1: R1=scalar() R6=scalar()\n"
    "11: (6c) w6 <<= w6                    ; frame1: R6=scalar()\n"
    "12: (bf) r0 = r6                      ; frame1: R0=scalar() R6=scalar()\n"
    "13: (95) exit\n"
    "returning from callee:\n"
    " frame1: R0=scalar() R10=fp0\n"
    "to caller at 4:\n"
    " R0=scalar() R6=scalar() R10=fp0\n"
    "4: R0=scalar()\n"
    "4: (b7) r2 = 1                        ; R2=1\n"
    "5: (55) if r0 != 0x7 goto pc+2 8: R0=scalar() R6=scalar() R10=fp0\n"
    "8: (71) r0 = *(u8 *)(r3 +0)\n"
    "R3 !read_ok\n"
    "processed 9 insns (limit 1000000) max_states_per_insn 0\n";

std::vector<uint32_t> Indices(const std::vector<std::string>& lines) {
  std::vector<uint32_t> indices;
  for (const std::string& line : lines) {
    indices.push_back(static_cast<uint32_t>(std::stoul(line)));
  }
  return indices;
}

TEST(HostPathTest, StepsHaveTheirInstructionAndTheirFrame) {
  const std::vector<HostStep> path = ParsePath(kLog);
  ASSERT_EQ(path.size(), 11u);
  EXPECT_EQ(path[3].index, 3u);
  EXPECT_TRUE(path[3].calls_function);
  EXPECT_EQ(path[3].frame, 0u);
  EXPECT_EQ(path[4].text, "w6 = w1");
  EXPECT_EQ(path[4].frame, 1u);
  EXPECT_EQ(path[7].text, "exit");
  EXPECT_EQ(path[7].frame, 1u);
  EXPECT_EQ(path[8].frame, 0u);
  EXPECT_EQ(path[9].text.substr(0, 12), "if r0 != 0x7");
}

TEST(HostPathTest, TheLastWordsAreBehindTheLastInstruction) {
  EXPECT_EQ(LastWords(kLog), std::vector<std::string>{"R3 !read_ok"});
  EXPECT_EQ(LastWords("too deep\nprocessed 3 insns\n"),
            std::vector<std::string>{"too deep"});
  EXPECT_TRUE(LastWords("").empty());
}

TEST(HostPathTest, ThePathLeavesOursAtASideThatIsNeverTaken) {
  const std::vector<HostStep> path = ParsePath(kLog);
  std::vector<InsnFacts> facts(14);
  EXPECT_FALSE(FindParting(path, facts).found);
  EXPECT_EQ(path[FindParting(path, facts).step].index, 8u);
  facts[5].never_jumps = 1;
  EXPECT_TRUE(FindParting(path, facts).found);
  EXPECT_EQ(path[FindParting(path, facts).step].index, 5u);
  facts[5] = InsnFacts{};
  facts[5].always_jumps = 1;
  EXPECT_FALSE(FindParting(path, facts).found);
  facts[8].never_reached = 1;
  EXPECT_EQ(path[FindParting(path, facts).step].index, 5u);
  EXPECT_FALSE(FindParting({}, facts).found);
}

TEST(HostPathTest, LinesAreFoundThroughFunctionsAndTheStack) {
  const std::vector<HostStep> path = ParsePath(kLog);
  EXPECT_EQ(Indices(LinesBehind(path, 9)),
            (std::vector<uint32_t>{5, 12, 11, 10, 2, 1, 0}));
  // Of r3 nothing is said.
  EXPECT_EQ(Indices(LinesBehind(path, 10)), (std::vector<uint32_t>{8}));
  EXPECT_TRUE(LinesBehind({}, 0).empty());
}

TEST(HostPathTest, CallsAreGivenArgumentsAndExitsTheResult) {
  const std::vector<HostStep> path = ParsePath(
      "0: (b7) r2 = 4          ; R2=4\n"
      "1: (b7) r6 = 5          ; R6=5\n"
      "2: (85) call bpf_get_prandom_u32#7          ; R0=scalar()\n"
      "3: (57) r0 &= 3         ; R0=scalar()\n"
      "4: (95) exit\n");
  EXPECT_EQ(Indices(LinesBehind(path, 2)), (std::vector<uint32_t>{2, 0}));
  EXPECT_EQ(Indices(LinesBehind(path, 4)), (std::vector<uint32_t>{4, 3, 2}));
}

TEST(HostPathTest, ComparisonsOfWhatIsAskedForAreLines) {
  const std::vector<HostStep> path = ParsePath(
      "0: (bf) r7 = r6         ; R6=scalar(id=1) R7=scalar(id=1)\n"
      "1: (a5) if r8 < 0x4 goto pc+1         ; R8=scalar()\n"
      "2: (45) if r6 & 0x4 goto pc+1         ; R6=scalar()\n"
      "3: (87) r7 = -r7        ; R7=scalar()\n"
      "4: (0f) r3 += r7\n");
  EXPECT_EQ(Indices(LinesBehind(path, 4)), (std::vector<uint32_t>{4, 3, 0}));
  EXPECT_EQ(Indices(LinesBehind(path, 2)), (std::vector<uint32_t>{2}));
}

TEST(HostPathTest, PartsOfASlotAreOfTheSlot) {
  const std::vector<HostStep> path = ParsePath(
      "0: (7b) *(u64 *)(r10 -16) = r6         ; R6=pkt(r=8)\n"
      "1: (63) *(u32 *)(r10 -12) = r7         ; R7=scalar()\n"
      "2: (7b) *(u64 *)(r10 -24) = r8         ; R8=scalar()\n"
      "3: (91) r0 = *(s8 *)(r10 -9)\n");
  EXPECT_EQ(Indices(LinesBehind(path, 3)), (std::vector<uint32_t>{3, 1, 0}));
}

}  // namespace
}  // namespace ebpf::oracle

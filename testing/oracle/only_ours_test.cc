// SPDX-License-Identifier: MIT
#include "testing/oracle/only_ours.h"

#include <fstream>
#include <sstream>

#include "gtest/gtest.h"

namespace ebpf::oracle {
namespace {

std::vector<OnlyOursClass> Shipped() {
  std::ifstream file("testing/oracle/only_ours.txt");
  std::ostringstream text;
  text << file.rdbuf();
  std::string error;
  std::vector<OnlyOursClass> classes = ParseOnlyOurs(text.str(), error);
  EXPECT_EQ(error, "");
  return classes;
}

std::string ClassOf(const std::string& log,
                    const std::vector<InsnFacts>& facts) {
  const std::vector<OnlyOursClass> classes = Shipped();
  const OnlyOursReason reason = Classify(classes, log, facts);
  return reason.of == nullptr ? "" : reason.of->name;
}

TEST(OnlyOursTest, TheListIsWhole) {
  const std::vector<OnlyOursClass> classes = Shipped();
  EXPECT_GE(classes.size(), 10u);
  EXPECT_LE(classes.size(), 20u);
  for (const OnlyOursClass& one : classes) {
    EXPECT_GT(one.argument.size(), 60u) << one.name;
  }
}

TEST(OnlyOursTest, WhatIsWrongInAListIsTold) {
  const auto error_of = [](const std::string& text) {
    std::string error;
    (void)ParseOnlyOurs(text, error);
    return error;
  };
  EXPECT_EQ(error_of("a class\n  ? path: x\n  why\n\n# a comment\n"), "");
  EXPECT_EQ(error_of("a class\n  why\n"),
            "a class lacks a rule or an argument");
  EXPECT_EQ(error_of("a class\n  ? path: x\n"),
            "a class lacks a rule or an argument");
  EXPECT_EQ(error_of("  ? path: x\n"), "  ? path: x");
  EXPECT_EQ(error_of("a class\n  ? nowhere: x\n  why\n"), "  ? nowhere: x");
  EXPECT_EQ(error_of("a class\n  ? path: (\n  why\n"), "  ? path: (");
  EXPECT_EQ(error_of("a class\n  ? path\n  why\n"), "  ? path");
}

TEST(OnlyOursTest, AllRulesHaveToFitAndTheFirstClassCounts) {
  std::string error;
  const std::vector<OnlyOursClass> classes = ParseOnlyOurs(
      "first\n  ? path: r6\n  ? words: of b\n  why\n"
      "second\n  ? path: r6\n  why\n",
      error);
  const auto name = [&](const std::string& words) {
    return Classify(classes, "0: (b7) r6 = 1  ; R6=1\n" + words, {}).of->name;
  };
  EXPECT_EQ(name("of a\n"), "second");
  EXPECT_EQ(name("of b\n"), "first");
  EXPECT_EQ(Classify(classes, "0: (b7) r7 = 1  ; R7=1\nof b\n", {}).of,
            nullptr);
}

TEST(OnlyOursTest, AShiftBehindTheDecidingJumpIsRecognised) {
  const std::string log =
      "0: (61) r6 = *(u32 *)(r1 +0)          ; R1=ctx() R6=scalar(smin=0)\n"
      "1: (6c) w6 <<= w6                     ; R6=scalar()\n"
      "2: (77) r6 >>= 32                     ; R6=scalar(smin=0)\n"
      "3: (55) if r6 != 0x0 goto pc+2 6: R1=ctx() R6=scalar() R10=fp0\n"
      "6: (71) r0 = *(u8 *)(r3 +0)\n"
      "R3 !read_ok\n";
  std::vector<InsnFacts> facts(8);
  facts[3].never_jumps = 1;
  EXPECT_EQ(ClassOf(log, facts), "32-bit shifts by an unknown amount");
  const std::vector<OnlyOursClass> classes = Shipped();
  EXPECT_EQ(Classify(classes, log, facts).instruction, 3u);
  // Without that knowledge the read of r3 decides, which no class explains.
  EXPECT_EQ(ClassOf(log, std::vector<InsnFacts>(8)), "");
}

TEST(OnlyOursTest, WhatIsRefusedItselfIsNoCause) {
  EXPECT_EQ(ClassOf("0: (b7) r1 = 1          ; R1=1\n"
                    "1: (2c) w0 *= w2\n"
                    "R2 !read_ok\n",
                    std::vector<InsnFacts>(3)),
            "");
}

TEST(OnlyOursTest, PacketsBehindTailCallsAreRecognised) {
  EXPECT_EQ(ClassOf("0: (61) r6 = *(u32 *)(r9 +76)   ; R6=pkt(r=0) R9=ctx()\n"
                    "1: (85) call bpf_tail_call#12       ;\n"
                    "2: (57) r6 &= 7\n"
                    "R6 bitwise operator &= on pointer prohibited\n",
                    std::vector<InsnFacts>(4)),
            "packets behind a tail call");
}

}  // namespace
}  // namespace ebpf::oracle

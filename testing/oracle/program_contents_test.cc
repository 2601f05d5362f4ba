// SPDX-License-Identifier: MIT
#include "testing/oracle/program_contents.h"

#include "gtest/gtest.h"

namespace ebpf::oracle {
namespace {

using namespace verifier;  // NOLINT: a test of its programs
using fuzzing::Target;

ProgramContents Of(const Code& code, Target target = Target::kPacket) {
  ProgramContents contents;
  contents.Add(code, target);
  return contents;
}

TEST(ProgramContentsTest, APlainProgramHasNothing) {
  const ProgramContents contents =
      Of({MovImm(R0, 0), JumpImm(kJeq, R0, 1, 0), Store(kW, R10, -8, R0),
          Call(7), Exit()});
  EXPECT_EQ(contents.Text(),
            "median 5 insns; with loops 0 %, spills 0 %, variable offsets 0 "
            "%, calls of functions 0 %, packet access 0 %, pointers for "
            "helpers 0 %");
}

TEST(ProgramContentsTest, EachKindIsSeen) {
  EXPECT_EQ(Of({JumpImm(kJlt, R1, 4, -1)}).loops, 1u);
  EXPECT_EQ(Of({Raw(0xe5, 0, 0, 2, 0)}).loops, 1u);
  EXPECT_EQ(Of({Store(kDW, R10, -8, R1)}).spills, 1u);
  EXPECT_EQ(Of({AluReg(kAdd, R1, R2)}).variable_offsets, 1u);
  EXPECT_EQ(Of({CallLocal(1)}).functions, 1u);
  EXPECT_EQ(Of(LoadFunction(R2, 1)).functions, 1u);
  EXPECT_EQ(Of({Load(kW, R2, R1, fuzzing::kPacketBegin)}).packets, 1u);
  EXPECT_EQ(
      Of({Load(kW, R2, R1, fuzzing::kPacketBegin)}, Target::kFunction).packets,
      0u);
  EXPECT_EQ(Of({MovReg(R2, R10), Call(1)}).helper_pointers, 1u);
  EXPECT_EQ(Of(Join({LoadMap(R1, 0), Call(1)})).helper_pointers, 1u);
  EXPECT_EQ(Of({MovReg(R2, R6), Call(1)}).helper_pointers, 0u);
}

TEST(ProgramContentsTest, SharesAndTheMedianAreOfAllPrograms) {
  ProgramContents contents;
  EXPECT_EQ(contents.Median(), 0u);
  EXPECT_EQ(contents.Percent(0), 0);
  contents.Add({Exit()}, Target::kFunction);
  contents.Add({MovImm(R0, 0), JumpImm(kJlt, R1, 4, -1), Exit()},
               Target::kFunction);
  contents.Add({MovImm(R0, 0), Exit()}, Target::kFunction);
  EXPECT_EQ(contents.Median(), 2u);
  EXPECT_NEAR(contents.Percent(contents.loops), 33.3, 0.1);
}

}  // namespace
}  // namespace ebpf::oracle

// SPDX-License-Identifier: MIT
#include "core/verifier/rewriter.h"

#include "core/verifier/program_builder.h"
#include "gtest/gtest.h"
#include "testing/host_port/host_memory.h"

namespace ebpf::verifier {
namespace {

TEST(RewriterTest, JumpsFindWhatStandsForTheirTarget) {
  Rewriter out(PortAllocator(), 4);
  ASSERT_EQ(out.Init(), Status::kOk);
  out.Begin(0);
  ASSERT_EQ(out.PutJump(JumpImm(kJeq, R1, 0, 0), 2), Status::kOk);
  out.Begin(1);  // nothing stands for it
  out.Begin(2);
  ASSERT_EQ(out.Put(MovImm(R0, 1)), Status::kOk);
  ASSERT_EQ(out.Put(MovImm(R0, 2)), Status::kOk);
  out.Begin(3);
  ASSERT_EQ(out.PutJump(Goto(0), 1), Status::kOk);

  ASSERT_EQ(out.Finish(), Status::kOk);

  EXPECT_EQ(out.size(), 4u);
  EXPECT_EQ(out.insn(0).offset, 0);
  EXPECT_EQ(out.insn(3).offset, -3);
  EXPECT_EQ(out.old_index(1), 2u);
  EXPECT_EQ(out.old_index(2), 2u);
}

TEST(RewriterTest, CallsGoBeforeAProloguesJumpsBehindIt) {
  Rewriter out(PortAllocator(), 3);
  ASSERT_EQ(out.Init(), Status::kOk);
  out.Begin(0);
  ASSERT_EQ(out.PutCall(CallLocal(0), 1), Status::kOk);
  out.Begin(1);
  ASSERT_EQ(out.Put(MovImm(R6, 0)), Status::kOk);
  out.EndPrologue();
  ASSERT_EQ(out.Put(MovImm(R0, 0)), Status::kOk);
  out.Begin(2);
  ASSERT_EQ(out.PutJump(Goto(0), 1), Status::kOk);

  ASSERT_EQ(out.Finish(), Status::kOk);

  EXPECT_EQ(out.insn(0).imm, 0);
  EXPECT_EQ(out.insn(3).offset, -2);
  EXPECT_EQ(out.FunctionAt(1), 1u);
}

TEST(RewriterTest, OnlyGotosCanGoFar) {
  for (const bool conditional : {false, true}) {
    Rewriter out(PortAllocator(), 2);
    ASSERT_EQ(out.Init(), Status::kOk);
    out.Begin(0);
    ASSERT_EQ(out.PutJump(conditional ? JumpImm(kJeq, R1, 0, 0) : Goto(0), 1),
              Status::kOk);
    for (int i = 0; i < 32768; ++i) {
      ASSERT_EQ(out.Put(MovImm(R0, 0)), Status::kOk);
    }
    out.Begin(1);
    ASSERT_EQ(out.Put(Exit()), Status::kOk);

    EXPECT_EQ(out.Finish(), conditional ? Status::kOutOfRange : Status::kOk);
    if (!conditional) {
      EXPECT_EQ(out.insn(0).opcode, GotoLong(0).opcode);
      EXPECT_EQ(out.insn(0).imm, 32768);
    }
  }
}

}  // namespace
}  // namespace ebpf::verifier

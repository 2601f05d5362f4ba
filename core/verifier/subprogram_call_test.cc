// SPDX-License-Identifier: MIT
#include "core/verifier/subprogram_call.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class SubprogramCallTest : public VerifierTest {};

TEST_F(SubprogramCallTest, ArgumentsAndResultArePassed) {
  Accepts({MovImm(R1, 3), MovImm(R2, 4), CallLocal(1), Exit(), MovReg(R0, R1),
           AluReg(kAdd, R0, R2), Exit()});
  Accepts({CallLocal(2), Load(kDW, R0, R0, 0), Exit(), MovReg(R0, R1), Exit()});
}

TEST_F(SubprogramCallTest, OnlyArgumentsArePassed) {
  Rejects({MovImm(R6, 1), CallLocal(1), Exit(), MovReg(R0, R6), Exit()},
          Status::kAccess, "R6 !read_ok");
  Rejects({CallLocal(1), Exit(), MovReg(R0, R2), Exit()}, Status::kAccess,
          "R2 !read_ok");
}

TEST_F(SubprogramCallTest, CalleesDoNotChangeTheCallersRegisters) {
  Accepts({MovReg(R6, R1), CallLocal(2), Load(kDW, R0, R6, 0), Exit(),
           MovImm(R6, 0), Return0()});
  Rejects({CallLocal(2), MovReg(R0, R1), Exit(), Return0()}, Status::kAccess,
          "R1 !read_ok");
}

TEST_F(SubprogramCallTest, CalleesWithoutResultGiveNone) {
  Accepts({CallLocal(2), MovImm(R0, 0), Exit(), Exit()});
  Rejects({CallLocal(1), Exit(), Exit()}, Status::kAccess, "R0 !read_ok");
}

TEST_F(SubprogramCallTest, StackPointersAreNotReturned) {
  Rejects({CallLocal(1), Exit(), MovReg(R0, R10), Exit()}, Status::kInvalid,
          "cannot return stack pointer to the caller");
  Rejects({MovReg(R1, R10), CallLocal(1), Exit(), MovReg(R0, R1), Exit()},
          Status::kInvalid, "cannot return stack pointer to the caller");
}

TEST_F(SubprogramCallTest, FramesHaveStacksOfTheirOwn) {
  Rejects({StoreImm(kDW, R10, -8, 1), CallLocal(1), Exit(),
           Load(kDW, R0, R10, -8), Exit()},
          Status::kAccess, "invalid read from stack off -8+0 size 8",
          OnLinux::kAccepts);
}

TEST_F(SubprogramCallTest, EightFramesAreTheLimit) {
  // Each of `count` functions calls the next; the last returns 0.
  const auto chain = [](int count) {
    Code code;
    for (int i = 1; i < count; ++i) {
      code.push_back(CallLocal(1));
      code.push_back(Exit());
    }
    return Join({code, Return0()});
  };
  Accepts(chain(8));
  Rejects(chain(9), Status::kTooBig, "the call stack of 9 frames is too deep");
}

TEST_F(SubprogramCallTest, RecursionIsTooDeep) {
  Rejects({CallLocal(1), Exit(), CallLocal(-1), Exit()}, Status::kTooBig,
          "the call stack of 9 frames is too deep", OnLinux::kOtherText);
}

TEST_F(SubprogramCallTest, RecursionIsRefusedEvenWhereNoPathRecurs) {
  Rejects({CallLocal(1), Exit(), MovImm(R0, 0), JumpImm(kJeq, R0, 0, 1),
           CallLocal(-3), Exit()},
          Status::kTooBig, "the call stack of 8 frames is too deep !");
}

TEST_F(SubprogramCallTest, WhatACalleeLearnsItsCallerKnows) {
  const auto masked = [](int mask) {
    return Join({Load(kDW, R1, R1, 0), CallLocal(5), LoadMapValue(R6, kArray),
                 AluReg(kAdd, R6, R0), Load(kB, R0, R6, 0), Exit(),
                 MovReg(R0, R1), AluImm(kAnd, R0, mask), Exit()});
  };
  Accepts(masked(15));
  Rejects(masked(31), Status::kAccess,
          "R6 max value is outside of the allowed memory range");
}

TEST_F(SubprogramCallTest, EachCallIsWalkedWithItsOwnArguments) {
  // The first call passes the context, the second the stack.
  Accepts({MovReg(R6, R1), CallLocal(5), StoreImm(kDW, R10, -8, 0),
           MovReg(R1, R10), AluImm(kAdd, R1, -8), CallLocal(1), Exit(),
           MovReg(R7, R1), Return0()});
  Rejects({CallLocal(3), MovImm(R1, 0), CallLocal(1), Exit(),
           Load(kDW, R0, R1, 0), Exit()},
          Status::kAccess, "R1 invalid mem access 'scalar'");
}

TEST_F(SubprogramCallTest, LogTellsOfCallAndReturn) {
  const Verdict verdict =
      Judge(Join({CallLocal(2), Load(kDW, R0, R2, 0), Exit(), Return0()}));
  EXPECT_NE(verdict.log.find("caller:\n R10=fp0\n"
                             "callee:\n frame1: R1=ctx() R10=fp0\n"),
            std::string::npos)
      << verdict.log;
  EXPECT_NE(verdict.log.find("returning from callee:\n"
                             " frame1: R0_w=0 R1=ctx() R10=fp0\n"
                             "to caller at 1:\n R0_w=0 R10=fp0\n"),
            std::string::npos)
      << verdict.log;
}

}  // namespace
}  // namespace ebpf::verifier

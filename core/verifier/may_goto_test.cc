// SPDX-License-Identifier: MIT
//
// Loops that may_goto ends: exploration.cc, branch.cc.
#include "core/verifier/branch.h"
#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class MayGotoTest : public VerifierTest {
 protected:
  static isa::Insn MayGoto(int offset) { return Raw(0xe5, 0, 0, offset, 0); }
};

TEST_F(MayGotoTest, LoopsEndThere) {
  Accepts({MayGoto(1), Goto(-2), Return0()});
  Accepts(
      {MovImm(R6, 0), MayGoto(2), AluImm(kAdd, R6, 1), Goto(-3), Return0()});
}

TEST_F(MayGotoTest, BothSidesAreWalked) {
  Rejects({MovImm(R0, 0), MayGoto(1), Exit(), MovReg(R0, R9), Exit()},
          Status::kAccess, "R9 !read_ok");
  Rejects({MovImm(R0, 0), MayGoto(2), MovReg(R0, R9), Exit(), Exit()},
          Status::kAccess, "R9 !read_ok");
}

TEST_F(MayGotoTest, TheSideThatGoesMustEnd) {
  Rejects({MayGoto(-1), Return0()}, Status::kInvalid,
          "infinite loop detected at insn 0");
  Rejects({MovImm(R0, 0), MayGoto(2), Goto(-2), Exit(), Goto(-4)},
          Status::kInvalid, "unreachable insn 3");
}

TEST_F(MayGotoTest, NumbersWithABoundConverge) {
  const Code loop =
      Join({LookupOrExit(kArray), MovImm(R6, 0), MayGoto(6),
            JumpImm(kJge, R6, 16, 5), MovReg(R1, R0), AluReg(kAdd, R1, R6),
            StoreImm(kB, R1, 0, 1), AluImm(kAdd, R6, 1), Goto(-7), Return0()});
  Accepts(loop);
  EXPECT_LT(Judge(loop).stats.insns_processed, 150u);
}

TEST_F(MayGotoTest, NumbersWithoutABoundAreFollowed) {
  Rejects({LookupOrExit(kArray), MovImm(R6, 0), MayGoto(5), MovReg(R1, R0),
           AluReg(kAdd, R1, R6), StoreImm(kB, R1, 0, 1), AluImm(kAdd, R6, 1),
           Goto(-6), Return0()},
          Status::kAccess,
          "invalid access to map value, value_size=16 off=16 size=1");
}

TEST_F(MayGotoTest, LoopsInLoopsConverge) {
  // for (;;) for (;;) r6++, r6 compared with what no path decides.
  const Code code = Join({Load(kDW, R7, R1, 0), MovImm(R6, 0), MayGoto(4),
                          MayGoto(2), AluImm(kAdd, R6, 1), Goto(-3), Goto(-5),
                          JumpReg(kJgt, R6, R7, 0), Return0()});
  Accepts(code);
  EXPECT_LT(Judge(code).stats.insns_processed, 1000u);
}

// Each call counts anew, so that a call in a loop does not end the loop. Linux
// overlooks it.
TEST_F(MayGotoTest, AFunctionsLoopDoesNotEndItsCallers) {
  Rejects({CallLocal(3), JumpImm(kJne, R0, 0, -2), MovImm(R0, 0), Exit(),
           MovImm(R0, 0), MayGoto(1), MovImm(R0, 1), Exit()},
          Status::kInvalid, "infinite loop detected at insn 4",
          OnLinux::kAccepts);
}

TEST_F(MayGotoTest, FunctionsAreCalledInSuchLoops) {
  Accepts({MovImm(R6, 0), MayGoto(2), CallLocal(3), Goto(-3), MovImm(R0, 0),
           Exit(), MayGoto(1), Goto(-2), Return0()});
}

TEST_F(MayGotoTest, ItsFieldsAreChecked) {
  Rejects({Raw(0xe5, 0, 0, 1, 1), Goto(-2), Return0()}, Status::kInvalid,
          "invalid may_goto imm 1");
  Rejects({Raw(0xe5, 0, 1, 1, 0), Goto(-2), Return0()}, Status::kInvalid,
          "invalid may_goto imm 0");
  Rejects({Raw(0xe5, 1, 0, 1, 0), Goto(-2), Return0()}, Status::kInvalid,
          "invalid may_goto imm 0");
  Rejects({Raw(0xe6, 0, 0, 1, 0), Goto(-2), Return0()}, Status::kInvalid,
          "unknown opcode e6");
  Rejects({MayGoto(5), Goto(-2), Return0()}, Status::kInvalid,
          "jump out of range from insn 0 to 6");
  Rejects({MovImm(R0, 0), Goto(1), Exit(), MayGoto(-2)}, Status::kInvalid,
          "last insn is not an exit or jmp");
}

}  // namespace
}  // namespace ebpf::verifier

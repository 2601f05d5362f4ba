// SPDX-License-Identifier: MIT
#include "core/verifier/structure.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class StructureTest : public VerifierTest {};

TEST_F(StructureTest, EmptyProgramIsTooBigAsInLinux) {
  EXPECT_EQ(Judge({}).status, Status::kTooBig);
}

TEST_F(StructureTest, ProgramMustEndWithExitOrJump) {
  const std::string text = "last insn is not an exit or jmp";
  Rejects({MovImm(R0, 0)}, Status::kInvalid, text);
  Rejects({Exit(), MovImm(R0, 0)}, Status::kInvalid, text);
  Rejects({MovImm(R0, 0), JumpImm(kJeq, R0, 0, -2)}, Status::kInvalid, text);
  Rejects({MovImm(R0, 0), Call(kKtime)}, Status::kInvalid, text);
  Accepts({Goto(2), MovImm(R0, 0), Exit(), Goto(-3)});
  Accepts({Goto(2), MovImm(R0, 0), Exit(), GotoLong(-3)});
}

TEST_F(StructureTest, JumpsStayInTheProgram) {
  Rejects({JumpImm(kJeq, R1, 0, 2), MovImm(R0, 0), Exit()}, Status::kInvalid,
          "jump out of range from insn 0 to 3");
  Rejects({Goto(-2), Return0()}, Status::kInvalid,
          "jump out of range from insn 0 to -1");
  Rejects({GotoLong(100000), Return0()}, Status::kInvalid,
          "jump out of range from insn 0 to 100001");
  Rejects({GotoLong(INT32_MAX), Return0()}, Status::kInvalid,
          "jump out of range from insn 0 to 2147483648", OnLinux::kOtherText);
  Accepts({GotoLong(1), Exit(), MovImm(R0, 0), GotoLong(-3)});
}

TEST_F(StructureTest, JumpsStayInTheirFunction) {
  Rejects({CallLocal(2), MovImm(R0, 0), Exit(), Goto(-3), Return0()},
          Status::kInvalid, "jump out of range from insn 3 to 1");
  Rejects({CallLocal(3), Goto(2), MovImm(R0, 0), Exit(), Return0()},
          Status::kInvalid, "jump out of range from insn 1 to 4");
}

TEST_F(StructureTest, NoFunctionRunsIntoTheNext) {
  Rejects({CallLocal(1), MovImm(R0, 0), Return0()}, Status::kInvalid,
          "last insn is not an exit or jmp");
}

TEST_F(StructureTest, CallsStayInTheProgram) {
  Rejects({CallLocal(5), Return0()}, Status::kInvalid,
          "call to invalid destination");
  Rejects({CallLocal(-2), Return0()}, Status::kInvalid,
          "call to invalid destination");
  Rejects({CallLocal(INT32_MAX), Return0()}, Status::kInvalid,
          "call to invalid destination");
}

TEST_F(StructureTest, NothingEntersTheMiddleOfLoadImm64) {
  Rejects({JumpImm(kJeq, R1, 0, 1), LoadImm64(R0, 5), Exit()}, Status::kInvalid,
          "jump into the middle of ldimm64 insn 1", OnLinux::kOtherText);
  Rejects({CallLocal(2), Exit(), LoadImm64(R0, 5), Exit()}, Status::kInvalid,
          "last insn is not an exit or jmp");
}

TEST_F(StructureTest, LoadImm64NeedsBothSlots) {
  Rejects({MovImm(R0, 0), Exit(), LoadImm64(R0, 1)[0]}, Status::kInvalid,
          "last insn is not an exit or jmp");
  Rejects({MovImm(R0, 0), LoadImm64(R1, 1)[0], Exit()}, Status::kInvalid,
          "last insn is not an exit or jmp", OnLinux::kOtherText);
}

TEST_F(StructureTest, AtMost256FunctionsAreTaken) {
  const auto with = [](int count) {
    Code code;
    for (int i = 0; i < count; ++i) {
      // Each call is one further from the end of its callee's list.
      code.push_back(CallLocal(count + 1 - i + 2 * i));
    }
    code.push_back(MovImm(R0, 0));
    code.push_back(Exit());
    for (int i = 0; i < count; ++i) {
      code.push_back(MovImm(R0, 0));
      code.push_back(Exit());
    }
    return code;
  };
  Accepts(with(255));
  Rejects(with(256), Status::kTooBig, "too many subprograms",
          OnLinux::kOtherText);
}

}  // namespace
}  // namespace ebpf::verifier

// SPDX-License-Identifier: MIT
#include "core/verifier/typed_access.h"

#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

/// Programs of a raw tracepoint, whose first argument is a trusted task.
class TypedAccessTest : public TypedTest {
 protected:
  TypedAccessTest() { AttachTo(26, AttachType::kTraceRawTp, task_newtask_); }

  /// r1 = the task; `rest`; r0 = 0; exit
  Code WithTask(const Code& rest) {
    return Join({Load(kDW, R1, R1, 0), rest, Return0()});
  }
};

TEST_F(TypedAccessTest, MembersAreReadAsNumbers) {
  Accepts(WithTask({Load(kDW, R2, R1, 0)}));
  Accepts(WithTask({Load(kW, R2, R1, 4)}));
}

TEST_F(TypedAccessTest, NothingIsReadBeyondTheStruct) {
  Rejects(WithTask({Load(kDW, R2, R1, 24)}), Status::kAccess,
          "access beyond struct task_struct at off 24 size 8");
  Rejects(WithTask({Load(kDW, R2, R1, -8)}), Status::kAccess,
          "R1 is ptr_task_struct invalid negative access: off=-8");
}

TEST_F(TypedAccessTest, PointersMoveByConstantsOnly) {
  Accepts(WithTask({AluImm(kAdd, R1, 8), Load(kDW, R2, R1, -8)}));
  Rejects(WithTask({Load(kDW, R2, R1, 0), AluImm(kAnd, R2, 8),
                    AluReg(kAdd, R1, R2), Load(kDW, R2, R1, 0)}),
          Status::kAccess,
          "R1 is ptr_task_struct invalid variable offset: off=0, "
          "var_off=(0x0; 0x8)");
}

TEST_F(TypedAccessTest, NothingIsWritten) {
  Rejects(WithTask({StoreImm(kDW, R1, 0, 1)}), Status::kAccess,
          "only read is supported");
  Rejects(WithTask({MovImm(R2, 1), Atomic(kDW, kAdd, R1, 0, R2)}),
          Status::kAccess, "only read is supported");
}

TEST_F(TypedAccessTest, PointersOfStructsAreFollowed) {
  Accepts(WithTask(
      {Load(kDW, R1, R1, 8), Load(kDW, R1, R1, 16), Load(kDW, R2, R1, 0)}));
}

TEST_F(TypedAccessTest, MemoryOfUsersIsNotFollowed) {
  Rejects(Join({Load(kDW, R1, R1, 16), Load(kDW, R2, R1, 0), Return0()}),
          Status::kAccess, "R1 is ptr_task_struct access user memory: off=0");
}

TEST_F(TypedAccessTest, OnlyGplProgramsLookIntoTheKernel) {
  options_.gpl_compatible = false;
  Rejects(WithTask({Load(kDW, R2, R1, 0)}), Status::kInvalid,
          "Cannot access kernel 'struct task_struct' from non-GPL compatible "
          "program");
}

TEST_F(TypedAccessTest, LoadsAreMarkedAsProbed) {
  const Verdict verdict = Judge(WithTask({Load(kDW, R2, R1, 0)}));
  EXPECT_EQ(verdict.facts[1].pointer, PointerKind::kProbed);
  EXPECT_EQ(verdict.facts[0].pointer, PointerKind::kContext);
}

TEST_F(TypedAccessTest, OneInsnGoesThroughPointersOfOneKind) {
  // From one path a task, from the other the stack.
  Rejects(Join({Load(kDW, R2, R1, 8), StoreImm(kDW, R10, -8, 0),
                Load(kDW, R3, R1, 0), JumpImm(kJeq, R2, 0, 2), MovReg(R3, R10),
                AluImm(kAdd, R3, -8), Load(kDW, R4, R3, 0), Return0()}),
          Status::kInvalid, "same insn cannot be used with different pointers");
}

}  // namespace
}  // namespace ebpf::verifier

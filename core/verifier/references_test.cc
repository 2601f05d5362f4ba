// SPDX-License-Identifier: MIT
//
// Ring records are held from bpf_ringbuf_reserve to submit or discard.
#include "core/verifier/references.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class ReferencesTest : public VerifierTest {};

TEST_F(ReferencesTest, RecordsAreGivenBack) {
  for (int helper : {kRingSubmit, kRingDiscard}) {
    Accepts(
        {Reserve(8), JumpImm(kJeq, R0, 0, 3), Release(R0, helper), Return0()});
  }
}

TEST_F(ReferencesTest, LeaksAreRefused) {
  Rejects({Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(), Return0()},
          Status::kInvalid, "Unreleased reference id=2 alloc_insn=4");
  Rejects({Reserve(8), Return0()}, Status::kInvalid,
          "Unreleased reference id=2 alloc_insn=4");
}

TEST_F(ReferencesTest, LeaksOnOnePathAreRefused) {
  Rejects(
      {MovReg(R6, R1), Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(),
       Load(kDW, R7, R6, 0), JumpImm(kJeq, R7, 0, 3), Release(R0), Return0()},
      Status::kInvalid, "Unreleased reference id=2 alloc_insn=5");
}

TEST_F(ReferencesTest, TheNullSideHoldsNothing) {
  Accepts({Reserve(8), JumpImm(kJeq, R0, 0, 4), MovReg(R6, R0), Release(R6),
           MovImm(R0, 0), Exit()});
}

TEST_F(ReferencesTest, RecordsAreGivenBackOnce) {
  Rejects({Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(), MovReg(R6, R0),
           Release(R6), Release(R6), Return0()},
          Status::kAccess, "R1 type=scalar expected=ringbuf_mem");
}

TEST_F(ReferencesTest, OnlyARecordsBeginningIsGivenBack) {
  for (int helper : {kRingSubmit, kRingDiscard}) {
    Rejects({Call(kRandom), MovReg(R7, R0), AluImm(kAnd, R7, 8), Reserve(16),
             JumpImm(kJne, R0, 0, 1), Exit(), AluReg(kAdd, R0, R7),
             Release(R0, helper), Return0()},
            Status::kAccess,
            "variable ringbuf_mem access var_off=(0x0; 0x8) disallowed");
    Accepts({Reserve(16), JumpImm(kJne, R0, 0, 1), Exit(), AluImm(kAdd, R0, 8),
             AluImm(kAdd, R0, -8), Release(R0, helper), Return0()});
  }
}

TEST_F(ReferencesTest, NoCopyOutlivesTheRelease) {
  Rejects({Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(), MovReg(R6, R0),
           MovReg(R7, R0), Release(R6), Load(kDW, R0, R7, 0), Exit()},
          Status::kAccess, "R7 invalid mem access 'scalar'");
  Rejects({Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(), Store(kDW, R10, -8, R0),
           Release(R0), Load(kDW, R7, R10, -8), Load(kDW, R0, R7, 0), Exit()},
          Status::kAccess, "R7 invalid mem access 'scalar'");
  Rejects({Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(), MovReg(R7, R0),
           AluImm(kAdd, R7, 4), Release(R0), Load(kW, R0, R7, 0), Exit()},
          Status::kAccess, "R7 invalid mem access 'scalar'");
}

TEST_F(ReferencesTest, TwoRecordsAreTwoReferences) {
  const Code two = Join({Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(),
                         MovReg(R6, R0), Reserve(8), JumpImm(kJne, R0, 0, 5),
                         Release(R6), MovImm(R0, 0), Exit(), MovReg(R7, R0)});
  Accepts({two, Release(R7), Release(R6), Return0()});
  Rejects({two, Release(R7), Return0()}, Status::kInvalid,
          "Unreleased reference id=2 alloc_insn=4");
  Rejects({two, Release(R7), Load(kDW, R1, R7, 0), Release(R6), Return0()},
          Status::kAccess, "R7 invalid mem access 'scalar'");
  Accepts({two, Release(R7), Load(kDW, R1, R6, 0), Release(R6), Return0()});
}

TEST_F(ReferencesTest, CalleesGiveBackTheirCallersRecords) {
  Accepts({Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(), MovReg(R1, R0),
           CallLocal(1), Exit(), MovImm(R2, 0), Call(kRingSubmit), Return0()});
  Rejects({Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(), MovReg(R1, R0),
           MovReg(R6, R0), CallLocal(2), Load(kDW, R0, R6, 0), Exit(),
           MovImm(R2, 0), Call(kRingSubmit), Return0()},
          Status::kAccess, "R6 invalid mem access 'scalar'");
}

TEST_F(ReferencesTest, CalleesHandRecordsToTheirCallers) {
  Accepts({CallLocal(6), JumpImm(kJeq, R0, 0, 3), Release(R0), Return0(),
           Reserve(8), Exit()});
}

TEST_F(ReferencesTest, MemoryOfUncheckedRecordsIsNotUsed) {
  Rejects({Reserve(8), StoreImm(kDW, R0, 0, 1), Release(R0), Return0()},
          Status::kAccess, "R0 invalid mem access 'ringbuf_mem_or_null'");
}

TEST_F(ReferencesTest, AtMostSixtyFourAreHeld) {
  const auto hold = [](int count) {
    Code code;
    for (int i = 0; i < count; ++i) {
      code = Join({code, Reserve(8), Store(kDW, R10, -512, R0)});
    }
    return Join({code, Return0()});
  };
  Rejects(hold(64), Status::kInvalid, "Unreleased reference id=2 alloc_insn=4");
  Rejects(hold(65), Status::kTooBig, "more than 64 references are held at once",
          OnLinux::kOtherText);
}

TEST_F(ReferencesTest, LoopsDoNotGatherReferences) {
  // Reserves in each of four turns, gives back one.
  Rejects(
      {MovImm(R6, 0), Reserve(8), JumpImm(kJeq, R0, 0, 3), Release(R0),
       AluImm(kAdd, R6, 1), JumpImm(kJlt, R6, 4, -11), Reserve(8), Return0()},
      Status::kInvalid, "Unreleased reference id=10 alloc_insn=16",
      OnLinux::kOtherText);
  Accepts({MovImm(R6, 0), Reserve(8), JumpImm(kJeq, R0, 0, 3), Release(R0),
           AluImm(kAdd, R6, 1), JumpImm(kJlt, R6, 4, -11), Return0()});
}

}  // namespace
}  // namespace ebpf::verifier

// SPDX-License-Identifier: MIT
#include "core/verifier/dynptr.h"

#include "core/verifier/calls_fixture.h"

namespace ebpf::verifier {
namespace {

class DynptrTest : public CallsTest {
 protected:
  DynptrTest() { on_host_ = true; }

  /// The address fp + `offset`.
  static Code Stack(Reg to, int offset) {
    return Join({MovReg(to, R10), AluImm(kAdd, to, offset)});
  }
  /// A dynptr of a new record of the ring at fp + `offset`.
  static Code Ring(int offset = -16) {
    return Join({LoadMap(R1, kRing), MovImm(R2, 8), MovImm(R3, 0),
                 Stack(R4, offset), Call(kRingDynptr)});
  }
  static Code Submit(int offset = -16, int helper = kRingSubmitDynptr) {
    return Join({Stack(R1, offset), MovImm(R2, 0), Call(helper)});
  }
  /// A dynptr of 8 bytes of a map's value at fp + `offset`.
  static Code Local(int offset = -16) {
    return Join({LookupOrExit(kArray), MovReg(R1, R0), MovImm(R2, 8),
                 MovImm(R3, 0), Stack(R4, offset), Call(kDynptrMem)});
  }
  /// r0 = four bytes of the dynptr's memory, or null.
  static Code Data(int offset = -16, int size = 4) {
    return Join({Stack(R1, offset), MovImm(R2, 0), MovImm(R3, size),
                 Call(kDynptrData)});
  }
  /// Reads 4 bytes to fp - 64.
  static Code Read(int offset = -16) {
    return Join({Stack(R1, -64), MovImm(R2, 4), Stack(R3, offset),
                 MovImm(R4, 0), MovImm(R5, 0), Call(kDynptrRead)});
  }
};

TEST_F(DynptrTest, OfARingIsGivenBackOnce) {
  Accepts({Ring(), Submit(), Return0()});
  Accepts({Ring(), Submit(-16, kRingDiscardDynptr), Return0()});
  Rejects({Ring(), Return0()}, Status::kInvalid,
          "Unreleased reference id=2 alloc_insn=6");
  Rejects({Ring(), Submit(), Submit(), Return0()}, Status::kInvalid,
          "arg 1 is an unacquired reference");
}

TEST_F(DynptrTest, OfAMapsValueNeedsNoEnd) {
  Accepts({Local(), Read(), Return0()});
  Rejects({Local(), Submit(), Return0()}, Status::kInvalid,
          "arg 1 is an unacquired reference");
  Rejects({StoreImm(kDW, R10, -32, 0), Stack(R1, -32), MovImm(R2, 8),
           MovImm(R3, 0), Stack(R4, -16), Call(kDynptrMem), Return0()},
          Status::kAccess,
          "Unsupported reg type fp for bpf_dynptr_from_mem "
          "data");
}

TEST_F(DynptrTest, OfAReadOnlyMapIsRefused) {
  Rejects({Lookup(kReadOnly), JumpImm(kJne, R0, 0, 1), Exit(), MovReg(R1, R0),
           MovImm(R2, 8), MovImm(R3, 0), Stack(R4, -16), Call(kDynptrMem),
           Return0()},
          Status::kAccess,
          "write into map forbidden, value_size=16 off=0 size=8");
}

TEST_F(DynptrTest, IsThereBeforeItIsUsed) {
  Rejects({Read(), Return0()}, Status::kInvalid,
          "Expected an initialized dynptr as arg #2");
  Rejects({Ring(), Submit(), Read(), Return0()}, Status::kInvalid,
          "Expected an initialized dynptr as arg #2");
}

TEST_F(DynptrTest, LiesAtAKnownAlignedPlace) {
  Rejects({Ring(), Read(-15), Return0()}, Status::kInvalid,
          "cannot pass in dynptr at an offset=-15");
  Rejects({Read(-8), Return0()}, Status::kInvalid,
          "cannot pass in dynptr at an offset=-8");
  Rejects({Call(kRandom), AluImm(kAnd, R0, 8), Stack(R3, -32),
           AluReg(kAdd, R3, R0), Stack(R1, -64), MovImm(R2, 4), MovImm(R4, 0),
           MovImm(R5, 0), Call(kDynptrRead), Return0()},
          Status::kInvalid, "dynptr has to be at a constant offset");
  // From its second slot on there is none.
  Rejects({Ring(-32), Read(-24), Submit(-32), Return0()}, Status::kInvalid,
          "Expected an initialized dynptr as arg #2");
}

TEST_F(DynptrTest, IsNotLookedInto) {
  Rejects({Ring(), Load(kDW, R6, R10, -16), Submit(), Return0()},
          Status::kAccess, "invalid read from stack off -16+0 size 8");
  Rejects({Ring(), StoreImm(kDW, R10, -24, 0), Stack(R2, -24),
           LoadMap(R1, kHash), Call(kMapLookup), Stack(R1, -24), MovImm(R2, 16),
           Call(kTracePrintk), Submit(), Return0()},
          Status::kAccess,
          "invalid indirect read from stack R1 off -24+8 size 16",
          OnLinux::kOtherText);  // 6.18 leaves "indirect" out
}

TEST_F(DynptrTest, HoldingAReferenceIsNotOverwritten) {
  for (int offset : {-16, -8}) {
    Rejects({Ring(), StoreImm(kDW, R10, offset, 0), Return0()},
            Status::kInvalid, "cannot overwrite referenced dynptr");
  }
  Rejects({Ring(), StoreImm(kB, R10, -9, 0), Return0()}, Status::kInvalid,
          "cannot overwrite referenced dynptr");
  // Nor by a helper.
  options_.type = FindProgramType(5);  // tracepoint
  Rejects({Ring(), Stack(R1, -16), MovImm(R2, 8), Call(kComm), Return0()},
          Status::kAccess, "potential write to dynptr at off=-16 disallowed");
  // Or by the next dynptr.
  Rejects({Ring(), Ring(-24), Return0()}, Status::kInvalid,
          "cannot overwrite referenced dynptr");
}

TEST_F(DynptrTest, HoldingNoneEndsWithAnyOfItsSlots) {
  for (int offset : {-16, -8}) {
    Rejects({Local(), StoreImm(kDW, R10, offset, 0), Read(), Return0()},
            Status::kInvalid, "Expected an initialized dynptr as arg #2");
  }
  Accepts({Local(-32), Local(-32), Read(-32), Return0()});
  Accepts({Local(-32), Local(-40), Read(-40), Return0()});
  Rejects({Local(-32), Local(-40), Read(-32), Return0()}, Status::kInvalid,
          "Expected an initialized dynptr as arg #2");
}

TEST_F(DynptrTest, MayBeHitByAStoreAtAnUnknownPlace) {
  const Code somewhere =
      Join({Call(kRandom), AluImm(kAnd, R0, 8), Stack(R6, -32),
            AluReg(kAdd, R6, R0), StoreImm(kDW, R6, 0, 0)});
  Rejects({StoreImm(kDW, R10, -32, 0), StoreImm(kDW, R10, -24, 0), Local(-32),
           somewhere, Read(-32), Return0()},
          Status::kInvalid, "Expected an initialized dynptr as arg #2");
  Rejects({Ring(-32), somewhere, Submit(-32), Return0()}, Status::kInvalid,
          "cannot overwrite referenced dynptr");
}

TEST_F(DynptrTest, GivesPiecesOfItsMemory) {
  Accepts({Ring(), Data(), JumpImm(kJeq, R0, 0, 1), StoreImm(kW, R0, 0, 1),
           Submit(), Return0()});
  Rejects({Ring(), Data(), StoreImm(kW, R0, 0, 1), Submit(), Return0()},
          Status::kAccess, "R0 invalid mem access 'mem_or_null'");
  Rejects({Ring(), Data(), JumpImm(kJeq, R0, 0, 1), StoreImm(kW, R0, 4, 1),
           Submit(), Return0()},
          Status::kAccess, "invalid access to memory, mem_size=4 off=4 size=4");
  Rejects({Ring(), Call(kRandom), Stack(R1, -16), MovImm(R2, 0), MovReg(R3, R0),
           Call(kDynptrData), Submit(), Return0()},
          Status::kAccess, "R3 is not a known constant'");
}

TEST_F(DynptrTest, TakesItsPiecesAlong) {
  Rejects({Ring(), Data(), JumpImm(kJeq, R0, 0, 5), MovReg(R6, R0), Submit(),
           StoreImm(kW, R6, 0, 1), Return0()},
          Status::kAccess, "R6 invalid mem access 'scalar'");
  Rejects({Local(), Data(), JumpImm(kJne, R0, 0, 1), Exit(), MovReg(R6, R0),
           StoreImm(kDW, R10, -8, 0), StoreImm(kW, R6, 0, 1), Return0()},
          Status::kAccess, "R6 invalid mem access 'scalar'");
  // Also those that were spilled.
  Rejects(
      {Local(), Data(), Store(kDW, R10, -32, R0), StoreImm(kDW, R10, -16, 0),
       Load(kDW, R6, R10, -32), StoreImm(kW, R6, 0, 1), Return0()},
      Status::kAccess, "R6 invalid mem access 'scalar'");
  // Of another dynptr nothing changes.
  Accepts({Local(-32), Local(-56), Data(-32), JumpImm(kJne, R0, 0, 1), Exit(),
           MovReg(R6, R0), StoreImm(kDW, R10, -56, 0), StoreImm(kW, R6, 0, 1),
           Return0()});
}

TEST_F(DynptrTest, IsOfTheKindThatIsAskedFor) {
  Rejects({LookupOrExit(kArray), MovReg(R1, R0), MovImm(R2, 0),
           Call(kRingSubmitDynptr), Return0()},
          Status::kAccess, "R1 type=map_value expected=fp, dynptr_ptr");
}

TEST_F(DynptrTest, StatesWithAndWithoutOneAreDifferent) {
  // Both ways meet at the read; on one of them there is nothing.
  Rejects(
      {LookupOrExit(kArray), MovReg(R6, R0), Load(kDW, R7, R6, 0),
       StoreImm(kDW, R10, -16, 0), StoreImm(kDW, R10, -24, 0),
       JumpImm(kJeq, R7, 5, 6), MovReg(R1, R6), MovImm(R2, 8), MovImm(R3, 0),
       Stack(R4, -24), Call(kDynptrMem), Read(-24), Return0()},
      Status::kInvalid, "Expected an initialized dynptr as arg #2");
}

TEST_F(DynptrTest, GivenToACallbackIsNotChanged) {
  // r1: the record's dynptr.
  const auto drain = [&](const Code& callback) {
    return Join({LoadMap(R1, user_ring_), LoadFunction(R2, 6), MovImm(R3, 0),
                 MovImm(R4, 0), Call(kUserRingDrainHelper), MovImm(R0, 0),
                 Exit(), callback});
  };
  const Code end = {MovImm(R0, 0), Exit()};
  Accepts(drain(Join({MovImm(R2, 0), MovImm(R3, 4), Call(kDynptrData),
                      JumpImm(kJeq, R0, 0, 1), Load(kW, R1, R0, 0), end})));
  Rejects(drain(Join({MovImm(R2, 0), Call(kRingSubmitDynptr), end})),
          Status::kInvalid, "cannot release unowned const bpf_dynptr");
  Rejects(drain(Join({MovReg(R4, R1), LoadMap(R1, kRing), MovImm(R2, 8),
                      MovImm(R3, 0), Call(kRingDynptr), end})),
          Status::kInvalid, "Dynptr has to be an uninitialized dynptr");
  Rejects(drain(Join({AluImm(kAdd, R1, 8), MovImm(R2, 0), MovImm(R3, 4),
                      Call(kDynptrData), end})),
          Status::kAccess,
          "dereference of modified dynptr_ptr ptr R1 off=8 disallowed");
  Rejects(drain(Join({Load(kDW, R2, R1, 0), end})), Status::kAccess,
          "R1 invalid mem access 'dynptr_ptr'");
}

}  // namespace
}  // namespace ebpf::verifier

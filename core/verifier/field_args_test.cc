// SPDX-License-Identifier: MIT
#include "core/verifier/field_args.h"

#include "core/verifier/calls_fixture.h"

namespace ebpf::verifier {
namespace {

class FieldArgsTest : public CallsTest {
 protected:
  /// r6 = a value, or the end.
  Code Value() { return Join({LookupIn(values_), MovReg(R6, R0)}); }
  /// r1 = the address of its timer.
  static Code Timer(int offset = kTimerAt) {
    return Join({MovReg(R1, R6), AluImm(kAdd, R1, offset)});
  }
  static Code Slot(int offset = kTaskAt) { return Timer(offset); }
  /// r6 = a value of the map in the map of maps, r7 = that map.
  Code InnerValue() {
    return Join({LookupIn(outer_), MovReg(R7, R0), MovReg(R1, R0),
                 MovReg(R2, R10), AluImm(kAdd, R2, -8), Call(kMapLookup),
                 JumpImm(kJne, R0, 0, 1), Exit(), MovReg(R6, R0)});
  }
};

TEST_F(FieldArgsTest, TimersBelongToTheirMap) {
  const auto init = [&](const Code& map) {
    return Join(
        {Value(), Timer(), map, MovImm(R3, 1), Call(kTimerInit), Return0()});
  };
  Accepts(init(LoadMap(R2, values_)));
  Rejects(init(LoadMap(R2, kHash)), Status::kInvalid,
          "timer pointer in R1 map_uid=0 doesn't match map pointer in R2 "
          "map_uid=0");
}

TEST_F(FieldArgsTest, TimersBelongToTheirMapInAMapOfMaps) {
  Accepts({InnerValue(), Timer(), MovReg(R2, R7), MovImm(R3, 1),
           Call(kTimerInit), Return0()});
  // A map of the same kind, by another lookup.
  const Verdict verdict =
      Judge(Join({InnerValue(), LookupIn(outer_), MovReg(R2, R0), Timer(),
                  MovImm(R3, 1), Call(kTimerInit), Return0()}));
  EXPECT_EQ(verdict.status, Status::kInvalid);
  EXPECT_NE(verdict.log.find("doesn't match map pointer in R2 map_uid="),
            std::string::npos);
}

TEST_F(FieldArgsTest, TimersAreNamedByTheirExactPlace) {
  Accepts({Value(), Timer(), MovImm(R2, 0), MovImm(R3, 0), Call(kTimerStart),
           Return0()});
  Rejects({Value(), Timer(0), MovImm(R2, 0), MovImm(R3, 0), Call(kTimerStart),
           Return0()},
          Status::kInvalid,
          "off 0 doesn't point to 'struct bpf_timer' that is at 8");
  Rejects({LookupIn(kHash), MovReg(R6, R0), Timer(), MovImm(R2, 0),
           MovImm(R3, 0), Call(kTimerStart), Return0()},
          Status::kInvalid, "map '' has to have BTF in order to use bpf_timer");
  Rejects({Value(), Load(kW, R7, R6, kNumberAt), AluImm(kAnd, R7, 8), Timer(),
           AluReg(kAdd, R1, R7), MovImm(R2, 0), MovImm(R3, 0),
           Call(kTimerStart), Return0()},
          Status::kInvalid,
          "R1 doesn't have constant offset. bpf_timer has to be at the "
          "constant offset");
  Rejects({StoreImm(kDW, R10, -16, 0), StoreImm(kDW, R10, -8, 0),
           MovReg(R1, R10), AluImm(kAdd, R1, -16), MovImm(R2, 0), MovImm(R3, 0),
           Call(kTimerStart), Return0()},
          Status::kAccess, "R1 type=fp expected=map_value");
}

TEST_F(FieldArgsTest, SlotsGiveWhatTheyHeld) {
  // What is taken out is held: nothing here could give it back.
  Rejects({Value(), Slot(), MovImm(R2, 0), Call(kKptrXchgHelper), Return0()},
          Status::kInvalid, "Unreleased reference id=3 alloc_insn=12");
  // Put back.
  Rejects({Value(), Slot(), MovImm(R2, 0), Call(kKptrXchgHelper),
           JumpImm(kJne, R0, 0, 2), Return0(), MovReg(R7, R0), Slot(),
           MovReg(R2, R7), Call(kKptrXchgHelper), JumpImm(kJeq, R0, 0, 2),
           Return0(), Return0()},
          Status::kInvalid, "Unreleased reference id=5 alloc_insn=20");
}

TEST_F(FieldArgsTest, SlotsTakeOnlyWhatIsHeld) {
  Rejects({Value(), Load(kDW, R2, R6, kTaskAt), Slot(), Call(kKptrXchgHelper),
           Return0()},
          Status::kInvalid,
          "R2 must be referenced when passed to release function");
  // Twice the same.
  Rejects({Value(), Slot(), MovImm(R2, 0), Call(kKptrXchgHelper),
           JumpImm(kJne, R0, 0, 2), Return0(), MovReg(R7, R0), Slot(),
           MovReg(R2, R7), Call(kKptrXchgHelper), Slot(), MovReg(R2, R7),
           Call(kKptrXchgHelper), Return0()},
          Status::kAccess,
          "R2 type=scalar expected=ptr_, trusted_ptr_, rcu_ptr_");
}

TEST_F(FieldArgsTest, SlotsAreNamedByTheirExactPlace) {
  Rejects(
      {Value(), Slot(kTailAt), MovImm(R2, 0), Call(kKptrXchgHelper), Return0()},
      Status::kAccess, "off=40 doesn't point to kptr");
  Rejects({Value(), Slot(kUntrustedAt), MovImm(R2, 0), Call(kKptrXchgHelper),
           Return0()},
          Status::kAccess, "off=32 kptr isn't referenced kptr");
  Rejects({LookupIn(kHash), MovReg(R6, R0), Slot(), MovImm(R2, 0),
           Call(kKptrXchgHelper), Return0()},
          Status::kInvalid,
          "map '' has to have BTF in order to use bpf_kptr_xchg");
  Rejects(
      {Value(), Load(kW, R7, R6, kNumberAt), AluImm(kAnd, R7, 8), Slot(),
       AluReg(kAdd, R1, R7), MovImm(R2, 0), Call(kKptrXchgHelper), Return0()},
      Status::kInvalid,
      "R1 doesn't have constant offset. kptr has to be at the constant "
      "offset");
}

}  // namespace
}  // namespace ebpf::verifier

// SPDX-License-Identifier: MIT
#include "core/verifier/fields.h"

#include "core/verifier/calls_fixture.h"

namespace ebpf::verifier {
namespace {

class FieldsTest : public CallsTest {
 protected:
  /// r6 = a value, or the end.
  Code Value() { return Join({LookupIn(values_), MovReg(R6, R0)}); }
};

TEST_F(FieldsTest, LeaveTheRestOfTheValueAlone) {
  Accepts({Value(), Load(kW, R1, R6, kNumberAt), Store(kDW, R6, kTailAt, R1),
           Return0()});
}

TEST_F(FieldsTest, AreNotLoadedAndStored) {
  Rejects({Value(), Load(kW, R1, R6, kLockAt), Return0()}, Status::kAccess,
          "bpf_spin_lock cannot be accessed directly by load/store");
  Rejects({Value(), StoreImm(kB, R6, kLockAt + 3, 1), Return0()},
          Status::kAccess,
          "bpf_spin_lock cannot be accessed directly by load/store");
  // Not even in part.
  Rejects({Value(), Load(kDW, R1, R6, kLockAt), Return0()}, Status::kAccess,
          "bpf_spin_lock cannot be accessed directly by load/store");
  Rejects({Value(), Load(kB, R1, R6, kTimerAt + 15), Return0()},
          Status::kAccess,
          "bpf_timer cannot be accessed directly by load/store");
  Rejects(
      {Value(), MovImm(R1, 1), Atomic(kW, kAdd, R6, kLockAt, R1), Return0()},
      Status::kAccess,
      "bpf_spin_lock cannot be accessed directly by load/store");
}

TEST_F(FieldsTest, AreKeptFromAccessesAtUnknownPlaces) {
  const Code index =
      Join({Value(), Load(kW, R7, R6, kNumberAt), AluImm(kAnd, R7, 7),
            MovReg(R1, R6), AluReg(kAdd, R1, R7)});
  Rejects({index, Load(kB, R1, R1, 0), Return0()}, Status::kAccess,
          "bpf_spin_lock cannot be accessed directly by load/store");
  Accepts({index, Load(kB, R1, R1, kTailAt), Return0()});
  Rejects({index, Load(kB, R1, R1, kTaskAt), Return0()}, Status::kAccess,
          "kptr access cannot have variable offset");
}

TEST_F(FieldsTest, AreNoMemoryForHelpers) {
  const auto print = [&](int offset) {
    return Join({Value(), MovReg(R1, R6), AluImm(kAdd, R1, offset),
                 MovImm(R2, 4), Call(kTracePrintk), Return0()});
  };
  Rejects(print(kLockAt), Status::kAccess,
          "bpf_spin_lock cannot be accessed directly by load/store");
  Rejects(print(kTaskAt), Status::kAccess,
          "kptr cannot be accessed indirectly by helper");
  Accepts(print(kTailAt));
}

TEST_F(FieldsTest, KptrsAreLoadedWhole) {
  Rejects({Value(), Load(kW, R1, R6, kTaskAt), Return0()}, Status::kAccess,
          "kptr access size must be BPF_DW");
  Rejects({Value(), Load(kDW, R1, R6, kTaskAt - 1), Return0()}, Status::kAccess,
          "bpf_timer cannot be accessed directly by load/store");
  Rejects({Value(), Load(kDW, R1, R6, kTaskAt + 4), Return0()}, Status::kAccess,
          "kptr access misaligned expected=24 off=28");
  Rejects({Value(), MovImm(R1, 0), Atomic(kDW, kAdd, R6, kUntrustedAt, R1),
           Return0()},
          Status::kAccess,
          "kptr in map can only be accessed using BPF_MEM instruction mode");
}

TEST_F(FieldsTest, LoadedKptrsMayBeNull) {
  Rejects(
      {Value(), Load(kDW, R1, R6, kTaskAt), Load(kDW, R2, R1, 0), Return0()},
      Status::kAccess, "R1 invalid mem access 'rcu_ptr_or_null_'");
  Accepts({Value(), Load(kDW, R1, R6, kTaskAt), JumpImm(kJeq, R1, 0, 1),
           Load(kDW, R2, R1, 0), Return0()});
  Rejects({Value(), Load(kDW, R1, R6, kUntrustedAt), Load(kDW, R2, R1, 0),
           Return0()},
          Status::kAccess, "R1 invalid mem access 'untrusted_ptr_or_null_'");
}

TEST_F(FieldsTest, OnlyUntrustedKptrsAreStored) {
  Rejects({Value(), StoreImm(kDW, R6, kTaskAt, 0), Return0()}, Status::kAccess,
          "store to referenced kptr disallowed");
  Accepts({Value(), StoreImm(kDW, R6, kUntrustedAt, 0), Return0()});
  Rejects({Value(), StoreImm(kDW, R6, kUntrustedAt, 1), Return0()},
          Status::kAccess,
          "BPF_ST imm must be 0 when storing to kptr at off=32");
  Accepts({Value(), Load(kDW, R1, R6, kUntrustedAt), JumpImm(kJeq, R1, 0, 1),
           Store(kDW, R6, kUntrustedAt, R1), Return0()});
  Rejects({Value(), Call(kRandom), Store(kDW, R6, kUntrustedAt, R0), Return0()},
          Status::kInvalid,
          "invalid kptr access, R0 type=scalar expected=ptr_task_struct or "
          "untrusted_ptr_task_struct");
}

TEST_F(FieldsTest, NumbersStoredToKptrsMatter) {
  // 0 is stored on one way, and 1 on the other, whichever is walked first.
  const Code branch =
      Join({Load(kW, R1, R6, kNumberAt), JumpImm(kJne, R1, 0, 2), Return0()});
  for (int first : {0, 1}) {
    Rejects({Value(), Load(kW, R7, R6, kNumberAt), MovImm(R8, first),
             JumpImm(kJeq, R7, 0, 1), MovImm(R8, 1 - first), branch, branch,
             branch, Store(kDW, R6, kUntrustedAt, R8), Return0()},
            Status::kInvalid,
            "invalid kptr access, R8 type=scalar expected=ptr_task_struct or "
            "untrusted_ptr_task_struct");
  }
}

TEST_F(FieldsTest, ArithmeticOnALoadedKptrMatters) {
  // The number that moves it decides what is loaded: of two ways that differ
  // in it none may stand for the other.
  Rejects({Value(), Load(kW, R7, R6, kNumberAt), MovImm(R8, 0),
           JumpImm(kJeq, R7, 0, 1), MovImm(R8, 4096),
           Load(kDW, R1, R6, kTaskAt), JumpImm(kJne, R1, 0, 2), Return0(),
           AluReg(kAdd, R1, R8), Load(kDW, R2, R1, 0), Return0()},
          Status::kAccess,
          "access beyond struct task_struct at off 4096 size 8");
}

}  // namespace
}  // namespace ebpf::verifier

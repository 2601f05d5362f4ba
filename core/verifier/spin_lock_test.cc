// SPDX-License-Identifier: MIT
#include "core/verifier/spin_lock.h"

#include "core/verifier/calls_fixture.h"

namespace ebpf::verifier {
namespace {

class SpinLockTest : public CallsTest {
 protected:
  /// The lock of the value in that register.
  static Code Lock(Reg value) {
    return Join({MovReg(R1, value), Call(kSpinLock)});
  }
  static Code Unlock(Reg value) {
    return Join({MovReg(R1, value), Call(kSpinUnlock)});
  }
  /// r6 = a value, or the end.
  Code Value() { return Join({LookupIn(values_), MovReg(R6, R0)}); }
};

TEST_F(SpinLockTest, IsTakenAndGivenBack) {
  Accepts({Value(), Lock(R6), Load(kW, R7, R6, kNumberAt), AluImm(kAdd, R7, 1),
           Store(kW, R6, kNumberAt, R7), Unlock(R6), Return0()});
}

TEST_F(SpinLockTest, IsGivenBackOnEachPath) {
  Rejects({Value(), Lock(R6), Return0()}, Status::kInvalid,
          "bpf_spin_unlock is missing");
  Rejects({Value(), Lock(R6), Load(kW, R7, R6, kNumberAt),
           JumpImm(kJeq, R7, 0, 2), Unlock(R6), Return0()},
          Status::kInvalid, "bpf_spin_unlock is missing");
}

TEST_F(SpinLockTest, IsTheOnlyOne) {
  Rejects({Value(), Lock(R6), Lock(R6), Return0()}, Status::kInvalid,
          "function calls are not allowed while holding a lock");
  Rejects({Value(), Unlock(R6), Return0()}, Status::kInvalid,
          "bpf_spin_unlock without taking a lock");
}

TEST_F(SpinLockTest, IsToldByTheLookupThatGaveTheValue) {
  Rejects({Value(), LookupIn(values_), MovReg(R7, R0), Lock(R6), Unlock(R7),
           Return0()},
          Status::kInvalid, "bpf_spin_unlock of different lock");
  // A copy is the same value.
  Accepts({Value(), MovReg(R7, R6), Lock(R6), Unlock(R7), Return0()});
  // Also one that was spilled.
  Accepts({Value(), Store(kDW, R10, -16, R6), Lock(R6), Load(kDW, R7, R10, -16),
           Unlock(R7), Return0()});
}

TEST_F(SpinLockTest, IsToldByTheMapInAMapOfMaps) {
  const auto inner = [&](Reg to) {
    return Join({LookupIn(outer_), MovReg(R1, R0), MovReg(R2, R10),
                 AluImm(kAdd, R2, -8), Call(kMapLookup),
                 JumpImm(kJne, R0, 0, 1), Exit(), MovReg(to, R0)});
  };
  Accepts({inner(R6), Lock(R6), Unlock(R6), Return0()});
  Rejects({inner(R6), inner(R7), Lock(R6), Unlock(R7), Return0()},
          Status::kInvalid, "bpf_spin_unlock of different lock");
}

TEST_F(SpinLockTest, IsNamedByItsExactPlace) {
  Rejects({Value(), MovReg(R1, R6), AluImm(kAdd, R1, 4), Call(kSpinLock),
           Return0()},
          Status::kInvalid,
          "off 4 doesn't point to 'struct bpf_spin_lock' that is at 0");
  Rejects({Value(), Load(kW, R7, R6, kNumberAt), AluImm(kAnd, R7, 4),
           MovReg(R1, R6), AluReg(kAdd, R1, R7), Call(kSpinLock), Return0()},
          Status::kInvalid,
          "R1 doesn't have constant offset. bpf_spin_lock has to be at the "
          "constant offset");
  Rejects({LookupIn(kHash), MovReg(R1, R0), Call(kSpinLock), Return0()},
          Status::kInvalid,
          "map '' has to have BTF in order to use bpf_spin_lock");
}

TEST_F(SpinLockTest, AllowsNoCallsButStaticFunctions) {
  Rejects({Value(), Lock(R6), Call(kKtime), Unlock(R6), Return0()},
          Status::kInvalid,
          "function calls are not allowed while holding a lock");
  Accepts({Value(), Lock(R6), CallLocal(4), Unlock(R6), Return0(),
           MovImm(R0, 0), Exit()});
}

TEST_F(SpinLockTest, MayBeGivenBackByAFunction) {
  Accepts({Value(), Lock(R6), MovReg(R1, R6), CallLocal(2), Return0(),
           Call(kSpinUnlock), MovImm(R0, 0), Exit()});
}

TEST_F(SpinLockTest, IsNotForTracing) {
  options_.type = FindProgramType(2);  // kprobe
  Rejects({LoadMap(R1, values_), Return0()}, Status::kInvalid,
          "tracing progs cannot use bpf_spin_lock yet");
  options_.type = FindProgramType(1);  // socket_filter
  Rejects({LoadMap(R1, values_), Return0()}, Status::kInvalid,
          "socket filter progs cannot use bpf_spin_lock yet");
}

TEST_F(SpinLockTest, StatesWithAndWithoutAreDifferent) {
  // On one way the lock is held where both meet.
  Rejects({Value(), Load(kW, R7, R6, kNumberAt), JumpImm(kJeq, R7, 0, 2),
           Lock(R6), Load(kW, R8, R6, kNumberAt), Unlock(R6), Return0()},
          Status::kInvalid, "bpf_spin_unlock without taking a lock");
}

}  // namespace
}  // namespace ebpf::verifier

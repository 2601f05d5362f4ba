// SPDX-License-Identifier: MIT
#include "core/verifier/async_callback.h"

#include "core/verifier/calls_fixture.h"

namespace ebpf::verifier {
namespace {

class AsyncCallbackTest : public CallsTest {
 protected:
  /// Leaves `callback` with the timer of a value of `values_`.
  Code Leave(const Code& callback) {
    return Join({LookupIn(values_), MovReg(R1, R0), AluImm(kAdd, R1, kTimerAt),
                 LoadFunction(R2, 4), Call(kTimerCallback), MovImm(R0, 0),
                 Exit(), callback});
  }
  Code End() { return {MovImm(R0, 0), Exit()}; }
};

TEST_F(AsyncCallbackTest, GetsTheMapAKeyAndAValue) {
  Accepts(Leave(Join({Load(kDW, R4, R2, 0), Load(kW, R4, R3, kNumberAt),
                      StoreImm(kDW, R3, kTailAt, 1), MovReg(R2, R10),
                      StoreImm(kDW, R10, -8, 0), AluImm(kAdd, R2, -8),
                      Call(kMapLookup), End()})));
  Rejects(Leave(Join({Load(kDW, R5, R4, 0), End()})), Status::kAccess,
          "R4 !read_ok");
  Rejects(Leave(Join({StoreImm(kDW, R2, 0, 1), End()})), Status::kAccess,
          "write to change key R2 not allowed");
}

TEST_F(AsyncCallbackTest, KnowsNothingOfTheProgramsStack) {
  Rejects(Leave(Join({MovReg(R0, R6), Exit()})), Status::kAccess,
          "R6 !read_ok");
}

TEST_F(AsyncCallbackTest, Returns0) {
  Rejects(Leave({MovImm(R0, 1), Exit()}), Status::kInvalid,
          "At async callback return the register R0 has smin=1 smax=1 should "
          "have been in [0, 0]");
  Rejects(Leave({MovReg(R0, R1), Exit()}), Status::kInvalid,
          "At async callback return the register R0 is not a known value "
          "(map_ptr)");
}

TEST_F(AsyncCallbackTest, GivesBackWhatItTakes) {
  Rejects(Leave(Join({Reserve(8), End()})), Status::kInvalid,
          "Unreleased reference id=4 alloc_insn=19");
  Rejects(Leave(Join({MovReg(R1, R3), Call(kSpinLock), End()})),
          Status::kInvalid, "bpf_spin_unlock is missing");
}

TEST_F(AsyncCallbackTest, MayLeaveItselfAgain) {
  // r3 is the value; the function is at instruction 16.
  Accepts(Leave(Join({MovReg(R1, R3), AluImm(kAdd, R1, kTimerAt),
                      LoadFunction(R2, -3), Call(kTimerCallback), End()})));
}

TEST_F(AsyncCallbackTest, IsNoPartOfTheProgramsStack) {
  const Code deep = Join({StoreImm(kDW, R10, -400, 0), End()});
  const Code leave = Leave(deep);
  Accepts(Join({StoreImm(kDW, R10, -400, 0), leave}));
  Rejects(Leave(Join({StoreImm(kDW, R10, -400, 0), CallLocal(2), End(),
                      StoreImm(kDW, R10, -200, 0), End()})),
          Status::kAccess, "combined stack size of 2 calls is 608. Too large");
}

TEST_F(AsyncCallbackTest, MayNotSleepEvenIfTheProgramMay) {
  options_.type = FindProgramType(31);  // syscall
  options_.sleepable = true;
  const Code copy = Join({MovReg(R1, R10), AluImm(kAdd, R1, -8), MovImm(R2, 8),
                          MovImm(R3, 0), Call(kCopyFromUser), End()});
  Accepts(copy);
  Rejects(Leave(copy), Status::kInvalid,
          "helper call might sleep in a non-sleepable prog");
}

}  // namespace
}  // namespace ebpf::verifier

// SPDX-License-Identifier: MIT
#include "core/verifier/call.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

class CallTest : public VerifierTest {};

TEST_F(CallTest, UnknownHelpersAreRefusedByNumber) {
  Rejects({Call(195896080), Return0()}, Status::kInvalid,
          "invalid func unknown#195896080");
  Rejects({Call(-1), Return0()}, Status::kInvalid, "invalid func unknown#-1");
  Rejects({Call(0), Return0()}, Status::kInvalid, "invalid func unknown#0",
          OnLinux::kOtherText);
}

TEST_F(CallTest, LogShowsUnknownHelpersAsClientsExpect) {
  const Verdict verdict = Judge(Join({Call(195896080), Return0()}));
  EXPECT_TRUE(HasLine(verdict.log, "0: (85) call unknown#195896080"))
      << verdict.log;
}

TEST_F(CallTest, HelpersOfOtherProgramTypesAreRefusedByName) {
  Rejects({Call(9), Return0()}, Status::kInvalid,
          "program of this type cannot use helper bpf_skb_store_bytes#9");
  options_.type = FindProgramType(1);
  Rejects({MovReg(R1, R10), MovImm(R2, 0), MovImm(R3, 0), Call(4), Return0()},
          Status::kInvalid,
          "program of this type cannot use helper bpf_probe_read#4");
}

TEST_F(CallTest, HelpersThatAreNotImplementedAreRefusedByName) {
  constexpr uint32_t kSocketFilter = 1;
  SetType(kSocketFilter);
  options_.profile = Profile::kPort;
  Rejects({Call(46), Return0()}, Status::kInvalid,
          "program of this type cannot use helper bpf_get_socket_cookie#46",
          OnLinux::kAccepts);
}

TEST_F(CallTest, WithoutFunctionPointersNothingIsCalledBack) {
  Rejects({MovImm(R1, 5), MovImm(R2, 0), MovImm(R3, 0), MovImm(R4, 0),
           Call(181), Return0()},
          Status::kAccess, "R2 type=scalar expected=func");
}

TEST_F(CallTest, GplOnlyHelpersNeedALicense) {
  const Code code =
      Join({StoreImm(kDW, R10, -8, 0), MovReg(R1, R10), AluImm(kAdd, R1, -8),
            MovImm(R2, 8), MovImm(R3, 0), Call(kProbeRead), Return0()});
  Accepts(code);
  options_.gpl_compatible = false;
  Rejects(code, Status::kInvalid,
          "cannot call GPL-restricted function from non-GPL compatible "
          "program");
  Accepts({Call(kKtime), Return0()});
}

TEST_F(CallTest, HelpersDoNotChangeReadOnlyMaps) {
  const Code key =
      Join({StoreImm(kDW, R10, -8, 0), MovReg(R2, R10), AluImm(kAdd, R2, -8)});
  const Code value =
      Join({StoreImm(kDW, R10, -16, 1), StoreImm(kDW, R10, -24, 1),
            MovReg(R3, R10), AluImm(kAdd, R3, -24), MovImm(R4, 0)});
  for (int map : {kReadOnly, kArray, kWriteOnly}) {
    const Code update =
        Join({key, value, LoadMap(R1, map), Call(kMapUpdate), Return0()});
    const Code remove =
        Join({key, LoadMap(R1, map), Call(kMapDelete), Return0()});
    for (const Code& code : {update, remove}) {
      if (map == kReadOnly) {
        Rejects(code, Status::kAccess, "write into map forbidden");
      } else {
        Accepts(code);
      }
    }
  }
  Accepts({Lookup(kReadOnly), Return0()});
}

TEST_F(CallTest, ArgumentsAreGoneAfterACall) {
  for (Reg reg : {R1, R2, R3, R4, R5}) {
    Rejects({MovImm(R1, 0), MovImm(R2, 0), MovImm(R3, 0), MovImm(R4, 0),
             MovImm(R5, 0), Call(kKtime), MovReg(R0, reg), Exit()},
            Status::kAccess,
            "R" + std::to_string(static_cast<int>(reg)) + " !read_ok");
  }
  Accepts({MovReg(R6, R1), Call(kKtime), Load(kDW, R0, R6, 0), Exit()});
}

TEST_F(CallTest, ResultsAreUnknownNumbersOrNothing) {
  Accepts({Call(kKtime), Exit()});
  Rejects({Call(kKtime), Load(kDW, R0, R0, 0), Exit()}, Status::kAccess,
          "R0 invalid mem access 'scalar'");
  Rejects({Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(), Release(R0), Exit()},
          Status::kAccess, "R0 !read_ok");
}

TEST_F(CallTest, HelpersTakeTheirKindsOfMaps) {
  Rejects({Lookup(kRing), Return0()}, Status::kAccess,
          "invalid zero-sized read");  // a ring has no keys
  Rejects({LoadMap(R1, kHash), MovImm(R2, 8), MovImm(R3, 0), Call(kRingReserve),
           Return0()},
          Status::kInvalid,
          "cannot pass map_type 1 into func bpf_ringbuf_reserve#131");
  Rejects({LoadMap(R1, kArray), MovImm(R2, 0), Call(kRingQuery), Return0()},
          Status::kInvalid,
          "cannot pass map_type 2 into func bpf_ringbuf_query#134");
}

TEST_F(CallTest, LengthsOfStringsAreBoundedByTheirBuffer) {
  const auto copy = [](int size) {
    return Join({StoreImm(kDW, R10, -8, 0), StoreImm(kDW, R10, -16, 0),
                 MovReg(R1, R10), AluImm(kAdd, R1, -16), MovImm(R2, size),
                 MovImm(R3, 0), Call(kProbeReadStr), MovReg(R6, R0),
                 JumpImm(kJsgt, R6, 0, 1), Exit(), LoadMapValue(R7, kArray),
                 AluReg(kAdd, R7, R6), Load(kB, R0, R7, -1), Exit()});
  };
  Accepts(copy(16));
  // A result of up to 16 indexes 16 bytes from the first on.
  Code wrong = copy(16);
  wrong[wrong.size() - 2].offset = 0;
  Rejects(wrong, Status::kAccess,
          "R7 max value is outside of the allowed memory range");
}

TEST_F(CallTest, NumbersOfCpusAreBelowTheirCount) {
  // There are two, here and on the hosts that this runs on.
  Accepts({Call(kCpuId), JumpImm(kJlt, R0, 4096, 1), MovReg(R0, R9), Exit()});
  const Verdict verdict =
      Judge({Call(kCpuId), JumpImm(kJlt, R0, 2, 1), MovReg(R0, R9), Exit()});
  EXPECT_EQ(verdict.status, Status::kOk) << verdict.log;
}

class TailCallTest : public VerifierTest {
 protected:
  /// bpf_tail_call(r1, map, 0)
  static Code Tail(int map = kPrograms) {
    return Join({LoadMap(R2, map), MovImm(R3, 0), Call(kTailCall)});
  }
};

TEST_F(TailCallTest, AProgramGoesOnBehindOneThatFails) {
  Accepts({Tail(), Return0()});
  Rejects({Tail(), Exit()}, Status::kAccess, "R0 !read_ok");
  Rejects({Tail(), MovReg(R0, R1), Exit()}, Status::kAccess, "R1 !read_ok");
  Accepts({MovReg(R6, R1), Tail(), Load(kDW, R0, R6, 0), Exit()});
}

TEST_F(TailCallTest, ArgumentsAreAContextAnArrayOfProgramsAndAnything) {
  Accepts(
      {LoadMap(R2, kPrograms), MovReg(R3, R10), Call(kTailCall), Return0()});
  Rejects({AluImm(kAdd, R1, 8), Tail(), Return0()}, Status::kAccess,
          "dereference of modified ctx ptr R1 off=8 disallowed");
  Rejects({MovImm(R1, 0), Tail(), Return0()}, Status::kAccess,
          "R1 type=scalar expected=ctx");
  Rejects({LoadMap(R2, kPrograms), Call(kTailCall), Return0()}, Status::kAccess,
          "R3 !read_ok");
  // Linux ends that line with the next one.
  Rejects({Tail(kArray), Return0()}, Status::kInvalid,
          "expected prog array map for tail call", OnLinux::kOtherText);
}

TEST_F(TailCallTest, ArraysOfProgramsAreForTailCallsOnly) {
  Rejects({LookupOrExit(kPrograms), Return0()}, Status::kInvalid,
          "cannot pass map_type 3 into func bpf_map_lookup_elem#1");
  Rejects({StoreImm(kDW, R10, -8, 0), LoadMap(R1, kPrograms), MovReg(R2, R10),
           AluImm(kAdd, R2, -8), Call(kMapDelete), Return0()},
          Status::kInvalid,
          "cannot pass map_type 3 into func bpf_map_delete_elem#3");
  Rejects({LoadMapValue(R1, kPrograms), Return0()}, Status::kInvalid,
          "no direct value access support for this map type");
}

TEST_F(TailCallTest, NothingIsHeldWhenAProgramMayEnd) {
  Rejects({MovReg(R6, R1), Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(),
           MovReg(R7, R0), MovReg(R1, R6), Tail(), Release(R7), Return0()},
          Status::kInvalid, "tail_call would lead to reference leak");
}

TEST_F(TailCallTest, WhatTheCallersOfAFunctionHoldTheyGiveBackThemselves) {
  Accepts({MovReg(R6, R1), Reserve(8), JumpImm(kJne, R0, 0, 1), Exit(),
           MovReg(R7, R0), MovReg(R1, R6), CallLocal(5), Release(R7), Return0(),
           Tail(), Return0()});
  Rejects({CallLocal(2), Return0(), MovReg(R6, R1), Reserve(8),
           JumpImm(kJne, R0, 0, 2), Return0(), MovReg(R7, R0), MovReg(R1, R6),
           Tail(), Release(R7), Return0()},
          Status::kInvalid, "Unreleased reference id=2 alloc_insn=8");
}

TEST_F(TailCallTest, AFunctionMayReturnWhatAnotherProgramDoes) {
  // r0 is 0 as the function has it; the other program gives any number.
  Rejects(
      {CallLocal(12), MovReg(R8, R0), LookupOrExit(kArray),
       AluReg(kAdd, R0, R8), StoreImm(kB, R0, 0, 1), Exit(), Tail(), Return0()},
      Status::kInvalid,
      "math between map_value pointer and register with unbounded min "
      "value is not allowed");
  Accepts({CallLocal(2), Return0(), Tail(), Return0()});
}

TEST_F(TailCallTest, CallersLeaveRoomForOtherPrograms) {
  const auto chain = [](int bytes) {
    return Join({StoreImm(kB, R10, -bytes, 0), CallLocal(2), Return0(), Tail(),
                 Return0()});
  };
  Accepts(chain(240));
  Rejects(chain(241), Status::kAccess,
          "tail_calls are not allowed when call stack of previous frames is "
          "256 bytes. Too large");
  // The function's own stack is the other program's.
  Accepts(
      {CallLocal(2), Return0(), StoreImm(kB, R10, -512, 0), Tail(), Return0()});
  Accepts({StoreImm(kB, R10, -512, 0), Tail(), Return0()});
}

TEST_F(TailCallTest, FunctionsThatAreCalledBackMakeNone) {
  Rejects({Store(kDW, R10, -8, R1), MovReg(R3, R10), AluImm(kAdd, R3, -8),
           MovImm(R1, 4), LoadFunction(R2, 5), MovImm(R4, 0), Call(kLoop),
           Return0(), Load(kDW, R1, R2, 0), Tail(), Return0()},
          Status::kInvalid, "tail_call is not allowed in callbacks",
          OnLinux::kOtherText);
}

}  // namespace
}  // namespace ebpf::verifier

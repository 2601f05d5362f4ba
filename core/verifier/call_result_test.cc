// SPDX-License-Identifier: MIT
#include "core/verifier/call_result.h"

#include "core/verifier/calls_fixture.h"

namespace ebpf::verifier {
namespace {

class CallResultTest : public CallsTest {
 protected:
  CallResultTest() { on_host_ = true; }

  /// r0 = a socket that is held, or null. r6 is the context.
  static Code Find() {
    return Join({MovReg(R6, R1), StoreImm(kDW, R10, -8, 0),
                 StoreImm(kDW, R10, -16, 0), MovReg(R2, R10),
                 AluImm(kAdd, R2, -16), MovImm(R3, 12), MovImm(R4, 0),
                 MovImm(R5, 0), Call(kSkLookup)});
  }
  /// The same in r7, or the end.
  static Code FindOrExit() {
    return Join({Find(), JumpImm(kJne, R0, 0, 1), Exit(), MovReg(R7, R0)});
  }
  static Code GiveBack(Reg socket) {
    return Join({MovReg(R1, socket), Call(kSkRelease)});
  }
};

TEST_F(CallResultTest, SocketsMayBeNull) {
  Rejects({Find(), Load(kW, R1, R0, 4), Return0()}, Status::kAccess,
          "R0 invalid mem access 'sock_or_null'");
  Rejects({Find(), GiveBack(R0), Return0()}, Status::kAccess,
          "R1 type=sock_or_null expected=sock_common, sock, tcp_sock, "
          "xdp_sock, ptr_, trusted_ptr_");
}

TEST_F(CallResultTest, SocketsAreGivenBackOnce) {
  Accepts({FindOrExit(), Load(kW, R8, R7, 4), GiveBack(R7), Return0()});
  Rejects({FindOrExit(), Return0()}, Status::kInvalid,
          "Unreleased reference id=2 alloc_insn=8");
  Rejects({FindOrExit(), GiveBack(R7), GiveBack(R7), Return0()},
          Status::kAccess,
          "R1 type=scalar expected=sock_common, sock, tcp_sock, xdp_sock, "
          "ptr_, trusted_ptr_");
  Rejects({FindOrExit(), GiveBack(R7), Load(kW, R8, R7, 4), Return0()},
          Status::kAccess, "R7 invalid mem access 'scalar'");
}

TEST_F(CallResultTest, OtherViewsOfASocketAreTheSameReference) {
  const Code full = Join({FindOrExit(), MovReg(R1, R7), Call(kSkFullsock)});
  Accepts({full, JumpImm(kJne, R0, 0, 3), GiveBack(R7), Goto(2), GiveBack(R0),
           Return0()});
  // With one view the others are gone.
  Rejects({full, JumpImm(kJne, R0, 0, 4), GiveBack(R7), Return0(),
           MovReg(R8, R0), GiveBack(R8), Load(kW, R8, R7, 4), Return0()},
          Status::kAccess, "R7 invalid mem access 'scalar'");
  // That a view is null does not mean that nothing is held.
  Rejects({full, JumpImm(kJeq, R0, 0, 2), GiveBack(R7), Return0()},
          Status::kInvalid, "Unreleased reference id=2 alloc_insn=8");
}

TEST_F(CallResultTest, TheContextsOwnSocketIsNotGivenBack) {
  Rejects({Load(kDW, R1, R1, 168), JumpImm(kJne, R1, 0, 2), Return0(),
           Call(kSkFullsock), JumpImm(kJne, R0, 0, 1), Exit(), GiveBack(R0),
           Return0()},
          Status::kInvalid,
          "R1 must be referenced when passed to release function");
}

TEST_F(CallResultTest, NumbersOfCpusAreThisMachinesOrAnyLinuxs) {
  const Code index =
      Join({LookupOrExit(kArray), MovReg(R6, R0), Call(kCpuId),
            AluReg(kAdd, R6, R0), Load(kB, R0, R6, 0), Return0()});
  Rejects(index, Status::kAccess,
          "invalid access to map value, value_size=16 off=8191 size=1",
          OnLinux::kAccepts);
  options_.profile = Profile::kPort;
  Accepts(index);
}

TEST_F(CallResultTest, LengthsAreAtMostTheSize) {
  options_.type = FindProgramType(2);  // kprobe
  const Code read = Join({LookupOrExit(kArray), MovReg(R6, R0), MovReg(R1, R10),
                          AluImm(kAdd, R1, -16), MovImm(R2, 16), MovImm(R3, 0),
                          Call(kProbeReadStr)});
  Accepts({read, JumpImm(kJsgt, R0, 0, 2), Return0(), AluReg(kAdd, R6, R0),
           Load(kB, R0, R6, -1), Return0()});
  Rejects({read, JumpImm(kJsgt, R0, 0, 2), Return0(), AluReg(kAdd, R6, R0),
           Load(kB, R0, R6, 0), Return0()},
          Status::kAccess,
          "R6 max value is outside of the allowed memory range");
}

}  // namespace
}  // namespace ebpf::verifier

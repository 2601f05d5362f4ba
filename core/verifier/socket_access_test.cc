// SPDX-License-Identifier: MIT
//
// Sockets and flow keys behind pointers.
#include "core/verifier/socket_access.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

// Linux's numbers of program types and helpers.
constexpr uint32_t kSchedCls = 3;
constexpr uint32_t kFlowDissector = 22;
constexpr int kSkFullsock = 95;
constexpr int kTcpSockHelper = 96;
constexpr int kSkbSocket = 168;  // in struct __sk_buff
constexpr int kSkbFlowKeys = 144;

class SocketAccessTest : public VerifierTest {
 protected:
  SocketAccessTest() { SetType(kSchedCls); }

  /// r6 = skb->sk, a sock_common.
  static Code Common() {
    return Join(
        {Load(kDW, R6, R1, kSkbSocket), JumpImm(kJne, R6, 0, 2), Return0()});
  }
  /// r6 = bpf_sk_fullsock(skb->sk) or another such helper.
  static Code From(int helper) {
    return Join({Common(), MovReg(R1, R6), Call(helper),
                 JumpImm(kJne, R0, 0, 2), Return0(), MovReg(R6, R0)});
  }
};

TEST_F(SocketAccessTest, FieldsAreReadAsTheTableSays) {
  Accepts({Common(), Load(kW, R0, R6, 4), Return0()});  // family
  Rejects({Common(), Load(kW, R0, R6, 16), Return0()},  // mark: full ones only
          Status::kAccess, "R6 invalid sock_common access off=16 size=4");
  Accepts({From(kSkFullsock), Load(kW, R0, R6, 16), Return0()});
  Rejects({From(kSkFullsock), Load(kW, R0, R6, 4096), Return0()},
          Status::kAccess, "R6 invalid sock access off=4096 size=4");
  Rejects({From(kSkFullsock), Load(kW, R0, R6, -4), Return0()}, Status::kAccess,
          "R6 invalid sock access off=-4 size=4");
  Accepts({From(kTcpSockHelper), Load(kDW, R0, R6, 80), Return0()});
  Rejects({From(kTcpSockHelper), Load(kDW, R0, R6, 4096), Return0()},
          Status::kAccess, "R6 invalid tcp_sock access off=4096 size=8");
}

TEST_F(SocketAccessTest, EachAccessIsJudgedAsByTheHost) {
  if (host_ == nullptr) {
    GTEST_SKIP() << "without EBPF_ORACLE=1";
  }
  struct Object {
    uint32_t type;
    Code get;  // into r6
  };
  const Object objects[] = {
      {kSchedCls, Common()},
      {kSchedCls, From(kSkFullsock)},
      {kSchedCls, From(kTcpSockHelper)},
      {kFlowDissector, {Load(kDW, R6, R1, kSkbFlowKeys)}},
  };
  for (const Object& object : objects) {
    SetType(object.type);
    for (int offset = -8; offset < 136; ++offset) {
      for (const Size size : {kB, kH, kW, kDW}) {
        for (const isa::Insn& access :
             {Load(size, R0, R6, offset), StoreImm(size, R6, offset, 0)}) {
          const Code code = Join({object.get, access, Return0()});
          EXPECT_EQ(IsOk(Judge(code).status), JudgeOnHost(code).error == 0)
              << object.type << ": " << offset << " " << int{size};
        }
      }
    }
  }
}

TEST_F(SocketAccessTest, SocketsAreReadOnly) {
  Rejects({Common(), StoreImm(kW, R6, 4, 1), Return0()}, Status::kAccess,
          "R6 cannot write into sock_common");
  Rejects({From(kSkFullsock), StoreImm(kW, R6, 16, 1), Return0()},
          Status::kAccess, "R6 cannot write into sock");
  Rejects({From(kSkFullsock), MovImm(R1, 1), Atomic(kW, kAdd, R6, 16, R1),
           Return0()},
          Status::kAccess, "BPF_ATOMIC stores into R6 sock is not allowed");
}

TEST_F(SocketAccessTest, SocketsAreNotMoved) {
  Rejects({Common(), AluImm(kAdd, R6, 0), Return0()}, Status::kAccess,
          "R6 pointer arithmetic on sock_common prohibited");
  Rejects({Load(kDW, R6, R1, kSkbSocket), AluImm(kAdd, R6, 4), Return0()},
          Status::kAccess,
          "R6 pointer arithmetic on sock_common_or_null prohibited, null-check "
          "it first");
  Rejects({From(kTcpSockHelper), AluImm(kSub, R6, 4), Return0()},
          Status::kAccess, "R6 pointer arithmetic on tcp_sock prohibited");
}

TEST_F(SocketAccessTest, SocketsAreComparedWithNull) {
  for (const Code& code :
       {Join({Load(kDW, R6, R1, kSkbSocket), Load(kW, R0, R6, 4), Return0()}),
        Join({Load(kDW, R6, R1, kSkbSocket), JumpImm(kJeq, R6, 1, 1),
              Load(kW, R0, R6, 4), Return0()}),
        Join({Load(kDW, R6, R1, kSkbSocket), JumpImm(kJgt, R6, 0, 1),
              Load(kW, R0, R6, 4), Return0()})}) {
    Rejects(code, Status::kAccess,
            "R6 invalid mem access 'sock_common_or_null'");
  }
}

TEST_F(SocketAccessTest, FlowKeysAreBytes) {
  SetType(kFlowDissector);
  const Code load = {Load(kDW, R6, R1, kSkbFlowKeys)};
  for (const Size size : {kB, kH, kW, kDW}) {
    Accepts({load, Load(size, R0, R6, 0), Load(size, R0, R6, 48), Return0()});
    Accepts({load, StoreImm(size, R6, 48, 0), Return0()});
  }
  Rejects({load, Load(kDW, R0, R6, 49), Return0()}, Status::kAccess,
          "invalid access to flow keys off=49 size=8");
  Rejects({load, StoreImm(kB, R6, 56, 0), Return0()}, Status::kAccess,
          "invalid access to flow keys off=56 size=1");
  Rejects({load, StoreImm(kB, R6, -1, 0), Return0()}, Status::kAccess,
          "invalid access to flow keys off=-1 size=1");
}

TEST_F(SocketAccessTest, FlowKeysMoveByConstants) {
  SetType(kFlowDissector);
  const Code load = {Load(kDW, R6, R1, kSkbFlowKeys)};
  Accepts({load, AluImm(kAdd, R6, 48), Load(kDW, R0, R6, 0), Return0()});
  Accepts({load, AluImm(kSub, R6, 8), Load(kDW, R0, R6, 8), Return0()});
  Rejects({load, AluImm(kAdd, R6, 48), Load(kDW, R0, R6, 1), Return0()},
          Status::kAccess, "invalid access to flow keys off=49 size=8");
  Rejects({load, Load(kB, R7, R6, 0), AluReg(kAdd, R6, R7), Return0()},
          Status::kAccess, "R6 pointer arithmetic on flow_keys prohibited");
}

}  // namespace
}  // namespace ebpf::verifier

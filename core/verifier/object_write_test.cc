// SPDX-License-Identifier: MIT
#include "core/verifier/object_write.h"

#include "core/verifier/typed_fixture.h"

namespace ebpf::verifier {
namespace {

constexpr uint32_t kStructOps = 27;
constexpr int kSetSockOpt = 49;

/// A kernel with TCP's congestion control. Of a tcp_sock, sk_pacing_rate at 0
/// and snd_cwnd, an int at 16, can be written.
class ObjectWriteTest : public TypedTest {
 protected:
  enum Member : uint32_t { kInit, kRelease };

  ObjectWriteTest() {
    TypeWriter k;
    const uint32_t integer = k.Int("int", 4);
    const uint32_t word = k.Int("u64", 8);
    const uint32_t sock = k.Struct("sock", {{"sk_pacing_rate", word}});
    const uint32_t inet = k.Struct("inet_sock", {{"sk", sock}});
    const uint32_t connection =
        k.Struct("inet_connection_sock", {{"icsk_inet", inet}});
    k.Struct("tcp_sock", {{"inet_conn", connection},
                          {"other", word},
                          {"snd_cwnd", integer},
                          {"another", word}});
    const uint32_t on_sock =
        k.Pointer(k.Prototype(0, {{"sk", k.Pointer(sock)}}));
    ops_ = k.Struct("tcp_congestion_ops",
                    {{"init", on_sock}, {"release", on_sock}});
    k.Struct("bpf_struct_ops_tcp_congestion_ops", {{"data", word}});
    other_ops_ = k.Struct("other_ops", {{"init", on_sock}});
    k.Struct("bpf_struct_ops_other_ops", {{"data", word}});
    SetKernel(k);
    AttachToMember(ops_, kInit);
  }
  void AttachToMember(uint32_t ops, Member member) {
    AttachTo(kStructOps, AttachType(member), ops);
  }
  static Code OnSock(const isa::Insn& insn) {
    return Join({Load(kDW, R2, R1, 0), insn, Return0()});
  }

  uint32_t ops_ = 0;
  uint32_t other_ops_ = 0;
};

TEST_F(ObjectWriteTest, TheSockOfCongestionControlIsTcps) {
  Accepts(OnSock(Load(kW, R3, R2, 16)));
  AttachToMember(other_ops_, kInit);
  Rejects(OnSock(Load(kW, R3, R2, 16)), Status::kAccess,
          "access beyond struct sock at off 16 size 4");
}

TEST_F(ObjectWriteTest, SomeOfItsFieldsAreWritten) {
  Accepts(OnSock(StoreImm(kDW, R2, 0, 1)));
  Accepts(OnSock(StoreImm(kW, R2, 16, 1)));
  Accepts(OnSock(StoreImm(kB, R2, 16, 1)));
}

TEST_F(ObjectWriteTest, OthersAreNot) {
  Rejects(OnSock(StoreImm(kDW, R2, 8, 1)), Status::kAccess,
          "no write support to tcp_sock at off 8");
  Rejects(OnSock(StoreImm(kDW, R2, 24, 1)), Status::kAccess,
          "no write support to tcp_sock at off 24");
}

TEST_F(ObjectWriteTest, AFieldIsWrittenFromItsBeginNotBeyondItsEnd) {
  Rejects(OnSock(StoreImm(kDW, R2, 16, 1)), Status::kAccess,
          "write access at off 16 with size 8 beyond the member of tcp_sock "
          "ended at 20");
  Rejects(OnSock(StoreImm(kH, R2, 18, 1)), Status::kAccess,
          "no write support to tcp_sock at off 18");
}

TEST_F(ObjectWriteTest, OtherProgramsWriteNothing) {
  AttachToMember(other_ops_, kInit);
  Rejects(OnSock(StoreImm(kDW, R2, 0, 1)), Status::kAccess,
          "only read is supported");
}

TEST_F(ObjectWriteTest, ReleaseSetsNoOptions) {
  const Code code =
      Join({Load(kDW, R1, R1, 0), MovImm(R2, 1), MovImm(R3, 1),
            StoreImm(kDW, R10, -8, 0), MovReg(R4, R10), AluImm(kAdd, R4, -8),
            MovImm(R5, 8), Call(kSetSockOpt), Return0()});
  // This kernel's sockets have no sock_common, which is asked for later.
  Rejects(code, Status::kAccess,
          "R1 is of type tcp_sock but sock_common is expected");
  AttachToMember(ops_, kRelease);
  Rejects(code, Status::kInvalid,
          "program of this type cannot use helper bpf_setsockopt#49");
}

}  // namespace
}  // namespace ebpf::verifier

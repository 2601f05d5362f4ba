// SPDX-License-Identifier: MIT
//
// The pointers that fields of contexts stand for. Which fields there are is
// core/program_types' to test.
#include "core/verifier/context_access.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

// Linux's numbers of program and attach types.
constexpr uint32_t kSocketFilter = 1;
constexpr uint32_t kSchedCls = 3;
constexpr uint32_t kXdp = 6;
constexpr uint32_t kCgroupSkb = 8;
constexpr uint32_t kSockOps = 13;
constexpr uint32_t kCgroupSockAddr = 18;
constexpr uint32_t kCgroupSockopt = 25;
constexpr uint32_t kRawTracepointWritable = 24;
constexpr uint32_t kInet4Connect = 10;
constexpr uint32_t kGetSockopt = 21;
// Offsets in struct __sk_buff.
constexpr int kMark = 8;
constexpr int kQueueMapping = 12;
constexpr int kSkbData = 76;
constexpr int kSkbSocket = 168;

std::string Refused(int offset, int size) {
  return "invalid bpf_context access off=" + std::to_string(offset) +
         " size=" + std::to_string(size);
}

class ContextAccessTest : public VerifierTest {
 protected:
  /// The text for r0's type after a load, told by a load through it.
  void Gives(Size size, int offset, const std::string& type) {
    Rejects({Load(size, R2, R1, offset), Load(kDW, R3, R2, 4096), Return0()},
            Status::kAccess, "R2 invalid mem access '" + type + "'");
  }
};

TEST_F(ContextAccessTest, NumbersAreLoadedInParts) {
  SetType(kSchedCls);
  for (const Size size : {kB, kH, kW}) {
    Accepts({Load(size, R0, R1, kMark), MovImm(R0, 0), Exit()});
  }
  Rejects({Load(kDW, R0, R1, kMark), Return0()}, Status::kAccess,
          Refused(kMark, 8));
  Rejects({Load(kW, R0, R1, -4), Return0()}, Status::kAccess, Refused(-4, 4));
  Rejects({Load(kW, R0, R1, 4096), Return0()}, Status::kAccess,
          Refused(4096, 4));
}

TEST_F(ContextAccessTest, NumbersFitTheirLoads) {
  SetType(kSchedCls);
  Accepts({Load(kB, R5, R1, kMark), LookupOrExit(kHash), Return0()});
  // One byte is at most 255: it may index what has 256 more, no less.
  Accepts({Load(kB, R6, R1, kMark), LookupOrExit(kHash), AluImm(kAnd, R6, 0x1f),
           AluReg(kAdd, R0, R6), Load(kDW, R1, R0, 8), Return0()});
  Rejects({Load(kB, R6, R1, kMark), LookupOrExit(kHash), AluReg(kAdd, R0, R6),
           Load(kDW, R1, R0, 8), Return0()},
          Status::kAccess,
          "invalid access to map value, value_size=48 off=263 size=8");
}

TEST_F(ContextAccessTest, FieldsAreWrittenWhereTheTypeMay) {
  SetType(kSchedCls);
  Accepts({MovImm(R2, 1), Store(kW, R1, kMark, R2), Return0()});
  Accepts({StoreImm(kW, R1, kMark, 1), Return0()});
  Rejects({StoreImm(kB, R1, kMark, 1), Return0()}, Status::kAccess,
          Refused(kMark, 1));
  Rejects({MovImm(R2, 1), Atomic(kW, kAdd, R1, kMark, R2), Return0()},
          Status::kAccess, "BPF_ATOMIC stores into R1 ctx is not allowed");
  SetType(kSocketFilter);
  Rejects({StoreImm(kW, R1, kMark, 1), Return0()}, Status::kAccess,
          Refused(kMark, 4));
}

TEST_F(ContextAccessTest, TheContextIsAccessedThroughItsOwnPointer) {
  SetType(kSchedCls);
  Rejects({AluImm(kAdd, R1, kMark), Load(kW, R0, R1, 0), Return0()},
          Status::kAccess,
          "dereference of modified ctx ptr R1 off=8 disallowed");
  Rejects({AluImm(kAdd, R1, -8), Load(kW, R0, R1, 8), Return0()},
          Status::kAccess, "negative offset ctx ptr R1 off=-8 disallowed");
  Rejects({Load(kW, R2, R1, kMark), AluImm(kAnd, R2, 4), AluReg(kAdd, R1, R2),
           Load(kW, R0, R1, 0), Return0()},
          Status::kAccess, "variable ctx access var_off=(0x0; 0x4) disallowed");
}

TEST_F(ContextAccessTest, PointersAreLoadedWholeAndUnsigned) {
  SetType(kXdp);
  Accepts({Load(kW, R2, R1, 0), Return0()});
  for (const int offset : {0, 4, 8}) {
    Rejects({Load(kH, R2, R1, offset), Return0()}, Status::kAccess,
            Refused(offset, 2));
    Rejects({LoadSigned(kW, R2, R1, offset), Return0()}, Status::kAccess,
            Refused(offset, 4));
  }
  SetType(kSchedCls);
  Accepts({LoadSigned(kW, R2, R1, kMark), Return0()});
  Rejects({Load(kW, R2, R1, kSkbSocket), Return0()}, Status::kAccess,
          Refused(kSkbSocket, 4));
  Rejects({Load(kW, R2, R1, kSkbSocket + 4), Return0()}, Status::kAccess,
          Refused(kSkbSocket + 4, 4));
}

TEST_F(ContextAccessTest, SocketsComeWithAndWithoutNull) {
  SetType(kSchedCls);
  Gives(kDW, kSkbSocket, "sock_common_or_null");
  SetType(kCgroupSockAddr, kInet4Connect);
  Accepts({Load(kDW, R2, R1, 64), Load(kW, R0, R2, 0), Return0()});
  SetType(kSockOps);
  Gives(kDW, 184, "sock_or_null");
  SetType(kCgroupSockopt, kGetSockopt);
  Accepts({Load(kDW, R2, R1, 0), Load(kW, R0, R2, 0), MovImm(R0, 1), Exit()});
}

TEST_F(ContextAccessTest, EachLoadOfASocketNeedsItsOwnCheck) {
  SetType(kSchedCls);
  Accepts({Load(kDW, R2, R1, kSkbSocket), JumpImm(kJeq, R2, 0, 1),
           Load(kW, R0, R2, 4), Return0()});
  Rejects({Load(kDW, R2, R1, kSkbSocket), Load(kDW, R3, R1, kSkbSocket),
           JumpImm(kJeq, R2, 0, 1), Load(kW, R0, R3, 4), Return0()},
          Status::kAccess, "R3 invalid mem access 'sock_common_or_null'");
}

TEST_F(ContextAccessTest, AnInstructionGoesThroughOneKindOfObject) {
  SetType(kSchedCls);
  Rejects({Load(kW, R0, R1, kMark), Load(kDW, R2, R1, kSkbSocket),
           JumpImm(kJne, R2, 0, 2), Return0(), JumpImm(kJeq, R0, 0, 1),
           MovReg(R2, R1), Load(kW, R0, R2, 4), Return0()},
          Status::kInvalid, "same insn cannot be used with different pointers");
}

TEST_F(ContextAccessTest, BuffersAreAccessedAtKnownPlaces) {
  SetType(kRawTracepointWritable);
  const Code load = {Load(kDW, R6, R1, 0)};
  Accepts({load, Load(kB, R7, R6, 100), StoreImm(kW, R6, 4, 1), Return0()});
  Rejects({load, Load(kB, R7, R6, -1), Return0()}, Status::kAccess,
          "R6 invalid tracepoint buffer access: off=-1, size=1");
  Rejects({load, Load(kW, R7, R6, 0), AluReg(kAdd, R6, R7), Load(kB, R7, R6, 0),
           Return0()},
          Status::kAccess,
          "R6 invalid variable buffer offset: off=0, var_off=(0x0; "
          "0xffffffff)");
}

TEST_F(ContextAccessTest, HowFarABufferIsAccessedIsTold) {
  SetType(kRawTracepointWritable);
  const Verdict verdict =
      Judge(Join({Load(kDW, R6, R1, 0), Load(kB, R7, R6, 100),
                  StoreImm(kW, R6, 4, 1), Return0()}));
  EXPECT_EQ(verdict.stats.buffer_bytes, 101u);
}

TEST_F(ContextAccessTest, HowFarTheContextIsAccessedIsTold) {
  SetType(kRawTracepointWritable);
  EXPECT_EQ(Judge(Return0()).stats.context_bytes, 0u);
  // On any path, and by any size.
  const Verdict verdict =
      Judge(Join({Load(kDW, R6, R1, 0), Load(kB, R7, R1, 27),
                  JumpImm(kJeq, R7, 3, 1), Load(kW, R7, R1, 8), Return0()}));
  EXPECT_EQ(verdict.stats.context_bytes, 28u);
}

TEST_F(ContextAccessTest, SocketFiltersSeeNoPacketBehindPointers) {
  SetType(kSocketFilter);
  Rejects({Load(kW, R2, R1, kSkbData), Return0()}, Status::kAccess,
          Refused(kSkbData, 4));
  Rejects({StoreImm(kW, R1, kQueueMapping, 1), Return0()}, Status::kAccess,
          Refused(kQueueMapping, 4));
  SetType(kCgroupSkb);
  Accepts({Load(kW, R2, R1, kSkbData), Return0()});
}

}  // namespace
}  // namespace ebpf::verifier

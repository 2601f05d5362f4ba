// SPDX-License-Identifier: MIT
//
// Which bytes of a packet each comparison opens, on each of its sides, and what
// closes them again. The exact bounds are a matter of one byte.
#include "core/verifier/packet.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

// Linux's numbers of program types, and offsets in struct xdp_md, __sk_buff.
constexpr uint32_t kSchedCls = 3;
constexpr uint32_t kXdp = 6;
constexpr uint32_t kCgroupSkb = 8;
constexpr int kData = 0;
constexpr int kDataEnd = 4;
constexpr int kDataMeta = 8;
constexpr int kSkbData = 76;
constexpr int kSkbDataEnd = 80;

std::string Outside(int offset, int size, int reg, int id, int range) {
  return "invalid access to packet, off=" + std::to_string(offset) +
         " size=" + std::to_string(size) + ", R" + std::to_string(reg) +
         "(id=" + std::to_string(id) + ",off=" + std::to_string(offset) +
         ",r=" + std::to_string(range) + ")\nR" + std::to_string(reg) +
         " offset is outside of the packet";
}

class PacketTest : public VerifierTest {
 protected:
  PacketTest() { SetType(kXdp); }

  /// r2 = data, r3 = data_end.
  static Code Start() {
    return {Load(kW, R2, R1, kData), Load(kW, R3, R1, kDataEnd)};
  }
  /// Beyond here [r2, r2 + size) lies in the packet; r4 is used.
  static Code Checked(int size) {
    return Join({Start(), MovReg(R4, R2), AluImm(kAdd, R4, size),
                 JumpReg(kJle, R4, R3, 2), Return0()});
  }
};

/// What `if a <code> b` tells on its sides of the packet's first bytes, where a
/// is data + 8 and b the end, or the other way round.
struct Order {
  JumpCode code;
  bool end_first;
  int taken;      // bytes that are there
  int not_taken;  //
};
constexpr Order kOrders[] = {
    {kJgt, false, 0, 8}, {kJlt, false, 9, 0}, {kJge, false, 0, 9},
    {kJle, false, 8, 0}, {kJgt, true, 9, 0},  {kJlt, true, 0, 8},
    {kJge, true, 8, 0},  {kJle, true, 0, 9},
};

TEST_F(PacketTest, EachComparisonOpensExactlyWhatItProves) {
  for (const int first : {kData, kDataMeta}) {
    // What precedes the data ends where that begins.
    const int end = first == kData ? kDataEnd : kData;
    for (const Order& order : kOrders) {
      for (const bool taken : {true, false}) {
        const int range = taken ? order.taken : order.not_taken;
        for (const int offset : {0, 7, 8, 9}) {
          const Code load = {Load(kB, R0, R2, offset)};
          const Code nothing = {MovImm(R0, 0)};
          const Code code =
              Join({Load(kW, R2, R1, first), Load(kW, R3, R1, end),
                    MovReg(R4, R2), AluImm(kAdd, R4, 8),
                    order.end_first ? JumpReg(order.code, R3, R4, 3)
                                    : JumpReg(order.code, R4, R3, 3),
                    taken ? nothing : load, MovImm(R0, 0), Exit(),
                    taken ? load : nothing, MovImm(R0, 0), Exit()});
          if (offset < range) {
            Accepts(code);
          } else {
            Rejects(code, Status::kAccess, Outside(offset, 1, 2, 0, range));
          }
        }
      }
    }
  }
}

TEST_F(PacketTest, OtherComparisonsOpenNothing) {
  for (const JumpCode code : {kJeq, kJne, kJset, kJsgt, kJslt, kJsge, kJsle}) {
    for (const bool taken : {true, false}) {
      const Code load = {Load(kB, R0, R2, 0)};
      const Code nothing = {MovImm(R0, 0)};
      Rejects({Start(), MovReg(R4, R2), AluImm(kAdd, R4, 8),
               JumpReg(code, R4, R3, 3), taken ? nothing : load, MovImm(R0, 0),
               Exit(), taken ? load : nothing, MovImm(R0, 0), Exit()},
              Status::kAccess, Outside(0, 1, 2, 0, 0));
    }
  }
  Rejects({Start(), MovReg(R4, R2), AluImm(kAdd, R4, 8),
           Jump32Reg(kJgt, R4, R3, 1), Load(kB, R0, R2, 0), Return0()},
          Status::kAccess, Outside(0, 1, 2, 0, 0));
}

TEST_F(PacketTest, TheEndOfTheDataEndsNothingElse) {
  // Of the metadata, only an end that is exactly where data begins.
  Rejects({Load(kW, R2, R1, kDataMeta), Load(kW, R3, R1, kDataEnd),
           MovReg(R4, R2), AluImm(kAdd, R4, 8), JumpReg(kJgt, R4, R3, 1),
           Load(kB, R0, R2, 0), Return0()},
          Status::kAccess, Outside(0, 1, 2, 0, 0));
  Rejects({Load(kW, R2, R1, kDataMeta), Load(kW, R3, R1, kData),
           AluImm(kAdd, R3, 1), MovReg(R4, R2), AluImm(kAdd, R4, 8),
           JumpReg(kJgt, R4, R3, 1), Load(kB, R0, R2, 0), Return0()},
          Status::kAccess, Outside(0, 1, 2, 0, 0));
}

TEST_F(PacketTest, WhatIsLearntIsOfAllPointersWithTheSameVariablePart) {
  Accepts({Load(kW, R2, R1, kData), Store(kDW, R10, -8, R2), Checked(8),
           Load(kDW, R5, R10, -8), AluImm(kAdd, R5, 4), Load(kW, R0, R5, 0),
           Load(kB, R0, R5, -4), Return0()});
  Rejects({Load(kW, R2, R1, kData), Store(kDW, R10, -8, R2), Checked(8),
           Load(kDW, R5, R10, -8), AluImm(kAdd, R5, 4), Load(kW, R0, R5, 1),
           Return0()},
          Status::kAccess, Outside(5, 4, 5, 0, 8));
  Rejects({Checked(8), Load(kB, R0, R2, -1), Return0()}, Status::kAccess,
          Outside(-1, 1, 2, 0, 8));
}

TEST_F(PacketTest, UnknownNumbersNeedANewComparison) {
  const Code moved =
      Join({Checked(8), Load(kB, R5, R2, 0), AluReg(kAdd, R2, R5)});
  Rejects({moved, Load(kB, R0, R2, 0), Return0()}, Status::kAccess,
          Outside(0, 1, 2, 1, 0));
  Accepts({moved, MovReg(R4, R2), AluImm(kAdd, R4, 2), JumpReg(kJgt, R4, R3, 1),
           Load(kH, R0, R2, 0), Return0()});
  Rejects({moved, MovReg(R4, R2), AluImm(kAdd, R4, 2), JumpReg(kJgt, R4, R3, 1),
           Load(kW, R0, R2, 0), Return0()},
          Status::kAccess, Outside(0, 4, 2, 1, 2));
}

TEST_F(PacketTest, NumbersThatMayBeNegativeLeadNowhere) {
  Rejects({Checked(8), Load(kB, R5, R2, 0), AluReg(kSub, R2, R5),
           Load(kB, R0, R2, 0), Return0()},
          Status::kAccess,
          "R2 min value is negative, either use unsigned index or do a if "
          "(index >=0) check.");
}

TEST_F(PacketTest, OffsetsThatMightWrapProveNothing) {
  // 0xffff is the most that a packet has.
  const auto compared = [](int64_t most, int more) {
    return Join({Start(), Load(kW, R5, R1, 12), JumpImm(kJgt, R5, most, 5),
                 AluReg(kAdd, R2, R5), MovReg(R4, R2), AluImm(kAdd, R4, more),
                 JumpReg(kJgt, R4, R3, 1), Load(kB, R0, R2, 0), Return0()});
  };
  Accepts(compared(0xffff - 8, 8));
  Rejects(compared(0xffff - 7, 8), Status::kAccess, Outside(0, 1, 2, 1, 0));
  Rejects({Start(), MovReg(R4, R2), AluImm(kAdd, R4, 0x10000),
           JumpReg(kJgt, R4, R3, 1), Load(kB, R0, R2, 0), Return0()},
          Status::kAccess, Outside(0, 1, 2, 0, 0));
}

TEST_F(PacketTest, TheEndMayNotBeMoved) {
  Rejects({Start(), AluImm(kAdd, R3, 8), Return0()}, Status::kAccess,
          "R3 pointer arithmetic on pkt_end prohibited");
  Rejects({Start(), AluImm(kSub, R3, 8), Return0()}, Status::kAccess,
          "R3 pointer arithmetic on pkt_end prohibited");
  Rejects({Start(), Load(kB, R0, R3, 0), Return0()}, Status::kAccess,
          "R3 invalid mem access 'pkt_end'");
  Accepts({Start(), AluReg(kSub, R3, R2), MovReg(R0, R3), Exit()});
}

TEST_F(PacketTest, ASecondComparisonIsDecidedByAFirstOne) {
  // Behind the end, then not before it: the load is not reached.
  Accepts({Start(), MovReg(R4, R2), AluImm(kAdd, R4, 8),
           JumpReg(kJgt, R4, R3, 2), Return0(), JumpReg(kJgt, R4, R3, 1),
           Load(kB, R0, R2, 0), Return0()});
  Rejects({Start(), MovReg(R4, R2), AluImm(kAdd, R4, 8),
           JumpReg(kJgt, R4, R3, 2), Return0(), AluImm(kSub, R4, 8),
           JumpReg(kJgt, R4, R3, 1), Load(kB, R0, R2, 0), Return0()},
          Status::kAccess, Outside(0, 1, 2, 0, 0), OnLinux::kAccepts);
}

TEST_F(PacketTest, PacketsAreWrittenWhereTheTypeMay) {
  Accepts({Checked(8), StoreImm(kDW, R2, 0, 1), Return0()});
  Rejects({Checked(8), StoreImm(kDW, R2, 1, 1), Return0()}, Status::kAccess,
          Outside(1, 8, 2, 0, 8));
  Rejects({Checked(8), MovImm(R5, 1), Atomic(kW, kAdd, R2, 0, R5), Return0()},
          Status::kAccess, "BPF_ATOMIC stores into R2 pkt is not allowed");
  // store_release, load_acquire
  Rejects({Checked(8), MovImm(R5, 1), Raw(0xc3, R2, R5, 2, 0x110), Return0()},
          Status::kAccess, "BPF_ATOMIC stores into R2 pkt is not allowed");
  Rejects({Checked(8), Raw(0xc3, R5, R2, 2, 0x100), Return0()}, Status::kAccess,
          "BPF_ATOMIC loads from R2 pkt is not allowed");
  SetType(kCgroupSkb);
  const Code code =
      Join({Load(kW, R2, R1, kSkbData), Load(kW, R3, R1, kSkbDataEnd),
            MovReg(R4, R2), AluImm(kAdd, R4, 8), JumpReg(kJgt, R4, R3, 1)});
  Accepts({code, Load(kB, R0, R2, 0), Return0()});
  Rejects({code, StoreImm(kB, R2, 0, 1), Return0()}, Status::kAccess,
          "cannot write into packet");
}

TEST_F(PacketTest, StrictAlignmentCountsTheHeader) {
  options_.strict_alignment = true;
  Accepts({Checked(14), Load(kW, R0, R2, 2), Load(kB, R0, R2, 1), Return0()});
  Rejects({Checked(14), Load(kW, R0, R2, 4), Return0()}, Status::kAccess,
          "misaligned packet access off 2+0+0+4 size 4");
  options_.strict_alignment = false;
  Accepts({Checked(14), Load(kW, R0, R2, 1), Return0()});
}

TEST_F(PacketTest, APathIsCoveredByOneThatHadLess) {
  // The second path knows of 16 bytes, the first one of 8: enough for both.
  const auto both = [](int first, int second) {
    return Join({Start(), Load(kW, R5, R1, 12), MovReg(R4, R2),
                 AluImm(kAdd, R4, first), JumpImm(kJeq, R5, 0, 3),
                 JumpReg(kJle, R4, R3, 6), Return0(), AluImm(kAdd, R4, second),
                 JumpReg(kJle, R4, R3, 2), Return0(), Load(kB, R0, R2, 7),
                 Return0()});
  };
  Accepts(both(8, 8));
  Rejects(both(4, 12), Status::kAccess, Outside(7, 1, 2, 0, 4));
  Rejects(both(8, -4), Status::kAccess, Outside(7, 1, 2, 0, 4));
}

TEST_F(PacketTest, HelpersThatMoveThePacketTakeItsPointersAway) {
  constexpr int kSkbVlanPush = 18;
  SetType(kSchedCls);
  const Code code =
      Join({MovReg(R6, R1), Load(kW, R7, R1, kSkbData),
            Load(kW, R8, R1, kSkbDataEnd), MovReg(R4, R7), AluImm(kAdd, R4, 8),
            JumpReg(kJle, R4, R8, 2), Return0()});
  const Code move =
      Join({MovReg(R1, R6), MovImm(R2, 8), MovImm(R3, 0), Call(kSkbVlanPush)});
  Accepts({code, Load(kB, R0, R7, 0), move, Return0()});
  Rejects({code, move, Load(kB, R0, R7, 0), Return0()}, Status::kAccess,
          "R7 invalid mem access 'scalar'");
  // As a number it may be looked at.
  Accepts({code, move, MovReg(R0, R7), Exit()});
}

TEST_F(PacketTest, FunctionsMoveThePacketOfTheirCallers) {
  constexpr int kSkbVlanPush = 18;
  SetType(kSchedCls);
  const auto calls = [](const Code& callee) {
    return Join({MovReg(R6, R1), Load(kW, R7, R1, kSkbData),
                 Load(kW, R8, R1, kSkbDataEnd), MovReg(R4, R7),
                 AluImm(kAdd, R4, 8), JumpReg(kJle, R4, R8, 2), Return0(),
                 MovReg(R1, R6), CallLocal(3), Load(kB, R0, R7, 0), Return0(),
                 callee});
  };
  Accepts(calls({MovImm(R0, 0), Exit()}));
  Rejects(calls({MovImm(R2, 8), MovImm(R3, 0), Call(kSkbVlanPush), Exit()}),
          Status::kAccess, "R7 invalid mem access 'scalar'");
}

TEST_F(PacketTest, ATailCallInAFunctionMovesThePacketOfItsCallers) {
  SetType(kSchedCls);
  const auto calls = [](const Code& use) {
    return Join({MovReg(R6, R1), Load(kW, R7, R1, kSkbData),
                 Load(kW, R8, R1, kSkbDataEnd), MovReg(R4, R7),
                 AluImm(kAdd, R4, 8), JumpReg(kJle, R4, R8, 2), Return0(),
                 MovReg(R1, R6), CallLocal(static_cast<int>(use.size()) + 2),
                 use, Return0(), LoadMap(R2, kPrograms), MovImm(R3, 0),
                 Call(kTailCall), Return0()});
  };
  Accepts(calls({MovReg(R0, R7)}));
  Rejects(calls({Load(kB, R0, R7, 0)}), Status::kAccess,
          "R7 invalid mem access 'scalar'");
}

}  // namespace
}  // namespace ebpf::verifier

// SPDX-License-Identifier: MIT
#include "core/verifier/return_value.h"

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

// Linux's numbers of program and attach types.
constexpr uint32_t kXdp = 6;
constexpr uint32_t kCgroupSkb = 8;
constexpr uint32_t kCgroupSock = 9;
constexpr uint32_t kCgroupSockAddr = 18;
constexpr uint32_t kNetfilter = 32;
constexpr uint32_t kNetfilterHook = 45;
constexpr uint32_t kInetSockCreate = 2;
constexpr uint32_t kInetEgress = 1;
constexpr uint32_t kInet4Bind = 8;
constexpr uint32_t kUdp4Recvmsg = 19;

std::string Outside(const std::string& has, const std::string& range) {
  return "At program exit the register R0 has " + has +
         " should have been in " + range;
}

class ReturnValueTest : public VerifierTest {};

TEST_F(ReturnValueTest, EachTypeAndAttachTypeHasItsRange) {
  struct Case {
    uint32_t type;
    uint32_t attach_type;
    int min;
    int max;
  };
  for (const Case& one :
       {Case{kCgroupSock, kInetSockCreate, 0, 1}, Case{kCgroupSkb, 0, 0, 1},
        Case{kCgroupSkb, kInetEgress, 0, 3},
        Case{kCgroupSockAddr, kInet4Bind, 0, 3},
        Case{kCgroupSockAddr, kUdp4Recvmsg, 1, 1},
        Case{kNetfilter, kNetfilterHook, 0, 1}}) {
    SetType(one.type, one.attach_type);
    const std::string range =
        "[" + std::to_string(one.min) + ", " + std::to_string(one.max) + "]";
    for (int value = -1; value <= 4; ++value) {
      const Code code = {MovImm(R0, value), Exit()};
      const std::string text = std::to_string(value);
      if (value >= one.min && value <= one.max) {
        Accepts(code);
      } else {
        Rejects(code, Status::kInvalid,
                Outside("smin=" + text + " smax=" + text, range));
      }
    }
  }
  SetType(kXdp);
  Accepts({MovImm(R0, -1), Exit()});
}

TEST_F(ReturnValueTest, WhatIsNotKnownIsToldByItsBounds) {
  SetType(kCgroupSock, kInetSockCreate);
  Rejects({Load(kW, R0, R1, 4), Exit()}, Status::kInvalid,
          Outside("smin=0 smax=4294967295", "[0, 1]"));
  Rejects({Load(kW, R0, R1, 4), AluImm(kAnd, R0, 3), Exit()}, Status::kInvalid,
          Outside("smin=0 smax=3", "[0, 1]"));
  Rejects({LookupOrExit(kArray), Load(kDW, R0, R0, 0), Exit()},
          Status::kInvalid, Outside("unknown scalar value", "[0, 1]"));
  Accepts({Load(kW, R0, R1, 4), AluImm(kAnd, R0, 1), Exit()});
  Accepts(
      {Load(kW, R0, R1, 4), JumpImm(kJle, R0, 1, 1), MovImm(R0, 1), Exit()});
}

TEST_F(ReturnValueTest, PointersAreNoResult) {
  SetType(kCgroupSock, kInetSockCreate);
  Rejects({MovReg(R0, R1), Exit()}, Status::kInvalid,
          "At program exit the register R0 is not a known value (ctx)");
  Rejects({Lookup(kArray), Exit()}, Status::kInvalid,
          "At program exit the register R0 is not a known value "
          "(map_value_or_null)");
  SetType(kXdp);
  Accepts({MovReg(R0, R1), Exit()});
}

TEST_F(ReturnValueTest, ResultsThatMatterAreNotCoveredByOthers) {
  // Where paths meet r0 differs, and nothing but the exit tells.
  SetType(kCgroupSock, kInetSockCreate);
  const auto code = [](int other) {
    return Join({Load(kW, R2, R1, 4), Load(kW, R3, R1, 8), MovImm(R0, 1),
                 JumpImm(kJeq, R2, 0, 1), MovImm(R0, other),
                 JumpImm(kJeq, R3, 0, 0), JumpImm(kJeq, R3, 1, 0),
                 JumpImm(kJeq, R3, 2, 0), Exit()});
  };
  Accepts(code(0));
  Rejects(code(2), Status::kInvalid, Outside("smin=2 smax=2", "[0, 1]"));
}

}  // namespace
}  // namespace ebpf::verifier

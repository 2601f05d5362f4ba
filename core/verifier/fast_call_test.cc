// SPDX-License-Identifier: MIT
#include "core/verifier/fast_call.h"

#include "core/verifier/calls_fixture.h"

namespace ebpf::verifier {
namespace {

class FastCallTest : public CallsTest {
 protected:
  FastCallTest() { on_host_ = true; }

  /// What the log says of the stack of an accepted program.
  std::string Depth(const Code& code) {
    const Verdict verdict = Judge(code, kLogStats);
    EXPECT_EQ(verdict.status, Status::kOk) << verdict.log;
    const size_t at = verdict.log.find("stack depth ");
    return verdict.log.substr(at, verdict.log.find('\n', at) - at);
  }
  /// r1 spilled to fp + `offset` around the call.
  static Code Around(int offset, Reg back = R1) {
    return Join({MovImm(R1, 1), Store(kDW, R10, offset, R1), Call(kCpuId),
                 Load(kDW, back, R10, offset)});
  }
};

TEST_F(FastCallTest, SpillsAroundItNeedNoStack) {
  EXPECT_EQ(Depth(Join({Around(-8), Return0()})), "stack depth 0");
  // What is used besides stays.
  EXPECT_EQ(Depth(Join({StoreImm(kW, R10, -8, 0), Around(-16), Return0()})),
            "stack depth 8");
}

TEST_F(FastCallTest, AllOfThemAreLikeBrackets) {
  EXPECT_EQ(
      Depth(Join({MovImm(R1, 1), MovImm(R2, 2), Store(kDW, R10, -8, R1),
                  Store(kDW, R10, -16, R2), Call(kCpuId),
                  Load(kDW, R2, R10, -16), Load(kDW, R1, R10, -8), Return0()})),
      "stack depth 0");
  // The outer ones do not match, and stay.
  EXPECT_EQ(
      Depth(Join({MovImm(R1, 1), MovImm(R2, 2), Store(kDW, R10, -8, R1),
                  Store(kDW, R10, -16, R2), Call(kCpuId),
                  Load(kDW, R2, R10, -16), Load(kDW, R3, R10, -8), Return0()})),
      "stack depth 8");
}

TEST_F(FastCallTest, OtherRegistersAreNotKept) {
  EXPECT_EQ(Depth(Join({Around(-8, R2), Return0()})), "stack depth 8");
  EXPECT_EQ(Depth(Join({MovImm(R6, 1), Store(kDW, R10, -8, R6), Call(kCpuId),
                        Load(kDW, R6, R10, -8), Return0()})),
            "stack depth 8");
}

TEST_F(FastCallTest, OtherCallsKeepNothing) {
  EXPECT_EQ(Depth(Join({MovImm(R1, 1), Store(kDW, R10, -8, R1), Call(kRandom),
                        Load(kDW, R1, R10, -8), Return0()})),
            "stack depth 8");
}

TEST_F(FastCallTest, WhoeverLooksAtTheSlotKeepsIt) {
  EXPECT_EQ(Depth(Join({Around(-8), Load(kDW, R2, R10, -8), Return0()})),
            "stack depth 8");
  EXPECT_EQ(Depth(Join({Around(-8), MovReg(R2, R10), AluImm(kAdd, R2, -8),
                        LoadMap(R1, kHash), Call(kMapLookup), Return0()})),
            "stack depth 8");
}

TEST_F(FastCallTest, CountsInChainsOfCalls) {
  const Code inner = Join({Around(-8), MovImm(R0, 0), Exit()});
  const Code outer =
      Join({StoreImm(kDW, R10, -512, 0), CallLocal(2), Return0()});
  Accepts(Join({outer, inner}));
  // Where fixup leaves the spills in, they are there.
  options_.profile = Profile::kPort;
  Rejects(Join({outer, inner}), Status::kAccess,
          "combined stack size of 2 calls is 528. Too large");
}

}  // namespace
}  // namespace ebpf::verifier

// SPDX-License-Identifier: MIT
#include "core/verifier/frozen_value.h"

#include <cstring>

#include "core/verifier/verifier_fixture.h"

namespace ebpf::verifier {
namespace {

constexpr uint8_t kBytes[16] = {0x11, 0x22, 0x33, 0x44, 0x85, 0x96, 0xa7, 0xb8,
                                1,    0,    0,    0,    0,    0,    0,    0xff};

/// kReadOnly holds kBytes.
class FrozenValueTest : public VerifierTest {
 protected:
  FrozenValueTest() {
    map_ = maps_->span()[kReadOnly];
    const Result<Bytes> value = map_->DirectValue();
    EXPECT_TRUE(value.ok());
    std::memcpy(value->data(), kBytes, sizeof(kBytes));
  }

  /// The program that loads r2 by `load` from r1, the value, and goes wrong
  /// unless r2 is known to be `number`.
  static Code Expecting(const isa::Insn& load, uint64_t number) {
    return Join({LoadMapValue(R1, kReadOnly), load, LoadImm64(R3, number),
                 JumpReg(kJeq, R2, R3, 1), Load(kDW, R0, R5, 0), MovImm(R0, 0),
                 Exit()});
  }
  bool IsKnown(const isa::Insn& load, uint64_t number) {
    return Judge(Expecting(load, number)).status == Status::kOk;
  }

  Map* map_;
};

TEST_F(FrozenValueTest, LoadsOfEachSizeAreKnown) {
  map_->Freeze();
  EXPECT_TRUE(IsKnown(Load(kB, R2, R1, 0), 0x11));
  EXPECT_TRUE(IsKnown(Load(kB, R2, R1, 15), 0xff));
  EXPECT_TRUE(IsKnown(Load(kH, R2, R1, 1), 0x3322));
  EXPECT_TRUE(IsKnown(Load(kW, R2, R1, 4), 0xb8a79685));
  EXPECT_TRUE(IsKnown(Load(kDW, R2, R1, 0), 0xb8a7968544332211));
  EXPECT_TRUE(IsKnown(Load(kDW, R2, R1, 8), 0xff00000000000001));
  EXPECT_FALSE(IsKnown(Load(kB, R2, R1, 0), 0x12));
}

TEST_F(FrozenValueTest, SignsAreExtended) {
  map_->Freeze();
  EXPECT_TRUE(IsKnown(LoadSigned(kB, R2, R1, 0), 0x11));
  EXPECT_TRUE(IsKnown(LoadSigned(kB, R2, R1, 15), ~uint64_t{0}));
  EXPECT_TRUE(IsKnown(LoadSigned(kH, R2, R1, 4), 0xffffffffffff9685));
  EXPECT_TRUE(IsKnown(LoadSigned(kW, R2, R1, 4), 0xffffffffb8a79685));
  EXPECT_TRUE(IsKnown(LoadSigned(kW, R2, R1, 0), 0x44332211));
}

TEST_F(FrozenValueTest, OffsetsOfThePointerCount) {
  map_->Freeze();
  const auto moved = [](int by, int offset) {
    return Join({LoadMapValue(R1, kReadOnly, 4), AluImm(kAdd, R1, by),
                 Load(kB, R2, R1, offset), JumpImm(kJeq, R2, 0xa7, 1),
                 Load(kDW, R0, R5, 0), MovImm(R0, 0), Exit()});
  };
  EXPECT_EQ(Judge(moved(1, 1)).status, Status::kOk);
  EXPECT_EQ(Judge(moved(-4, 6)).status, Status::kOk);
  EXPECT_EQ(Judge(moved(1, 2)).status, Status::kAccess);
}

TEST_F(FrozenValueTest, AnUnknownPlaceHoldsAnything) {
  map_->Freeze();
  EXPECT_EQ(Judge(Join({Load(kDW, R6, R1, 0), AluImm(kAnd, R6, 1),
                        LoadMapValue(R1, kReadOnly), AluReg(kAdd, R1, R6),
                        Load(kB, R2, R1, 10), JumpImm(kJeq, R2, 0, 1),
                        Load(kDW, R0, R5, 0), MovImm(R0, 0), Exit()}))
                .status,
            Status::kAccess);
}

TEST_F(FrozenValueTest, WhatUserSpaceMayWriteIsUnknown) {
  EXPECT_FALSE(IsKnown(Load(kB, R2, R1, 0), 0x11));
}

TEST_F(FrozenValueTest, AWriteThatHadBegunBeforeIsWaitedFor) {
  ASSERT_TRUE(map_->BeginWrite());
  map_->Freeze();
  EXPECT_FALSE(IsKnown(Load(kB, R2, R1, 0), 0x11));
  map_->EndWrite();
  EXPECT_TRUE(IsKnown(Load(kB, R2, R1, 0), 0x11));
}

TEST_F(FrozenValueTest, WhatProgramsMayWriteIsUnknown) {
  Map* map = maps_->span()[kArray];
  map->Freeze();
  EXPECT_EQ(Judge(Join({LoadMapValue(R1, kArray), Load(kB, R2, R1, 0),
                        JumpImm(kJeq, R2, 0, 1), Load(kDW, R0, R5, 0),
                        MovImm(R0, 0), Exit()}))
                .status,
            Status::kAccess);
}

TEST_F(FrozenValueTest, BoundsAreChecked) {
  map_->Freeze();
  const Verdict verdict = Judge(
      Join({LoadMapValue(R1, kReadOnly), Load(kDW, R2, R1, 9), Return0()}));
  EXPECT_EQ(verdict.status, Status::kAccess);
  EXPECT_TRUE(HasLine(
      verdict.log, "invalid access to map value, value_size=16 off=9 size=8"))
      << verdict.log;
}

}  // namespace
}  // namespace ebpf::verifier

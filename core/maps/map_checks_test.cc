// SPDX-License-Identifier: MIT
#include "core/maps/map_checks.h"

#include "gtest/gtest.h"

namespace ebpf::map_checks {
namespace {

TEST(MapChecksTest, FlagsAreTheAllowedOnesAndLeaveSomeAccess) {
  using namespace linux_abi;  // NOLINT: flags only
  EXPECT_EQ(CheckFlags(0, 0), Status::kOk);
  EXPECT_EQ(CheckFlags(1, 0), Status::kInvalid);
  EXPECT_EQ(CheckFlags(kMapReadOnly | kMapReadOnlyProg, kAccessFlags),
            Status::kOk);
  EXPECT_EQ(CheckFlags(kMapReadOnly | kMapWriteOnlyProg, kAccessFlags),
            Status::kOk);
  EXPECT_EQ(CheckFlags(kMapReadOnly | kMapWriteOnly, kAccessFlags),
            Status::kInvalid);
  EXPECT_EQ(CheckFlags(kMapReadOnlyProg | kMapWriteOnlyProg, kAccessFlags),
            Status::kInvalid);
}

TEST(MapChecksTest, ModesAreAnyNoExistAndExist) {
  for (uint64_t mode = 0; mode < 3; ++mode) {
    EXPECT_EQ(CheckMode(UpdateMode(mode)), Status::kOk);
  }
  for (uint64_t mode : {uint64_t{3}, uint64_t{4}, ~uint64_t{0}}) {
    EXPECT_EQ(CheckMode(UpdateMode(mode)), Status::kInvalid);
  }
}

TEST(MapChecksTest, TotalsPastAnyMemoryAreNoMemory) {
  EXPECT_EQ(*TotalBytes(3, 8), 24u);
  EXPECT_EQ(TotalBytes(uint64_t{1} << 32, uint64_t{1} << 32).status(),
            Status::kNoMemory);
  EXPECT_EQ(TotalBytes((uint64_t{1} << 31) + 1, 1 << 8).status(),
            Status::kNoMemory);
  EXPECT_TRUE(TotalBytes(uint64_t{1} << 31, 1 << 8).ok());
}

}  // namespace
}  // namespace ebpf::map_checks

// SPDX-License-Identifier: MIT
#include "arch/aarch64/static_jump.h"

#include <string>
#include <vector>

#include "arch/aarch64/golden_test_util.h"
#include "arch/aarch64/machine_ops.h"
#include "gtest/gtest.h"

namespace ebpf::aarch64 {
namespace {

constexpr uint64_t kCode = 0xffff'8000'0010'0000;

TEST(StaticJumpTest, IsWhatTheAssemblerMakes) {
  Golden golden("static_jump");
  const ConstBytes no_op = StaticJump::NoOp();
  golden.Expect("nop", Golden::Hex({no_op.begin(), no_op.end()}));
  for (const int64_t distance :
       std::vector<int64_t>{4, -4, 8, (1 << 27) - 4, -(1 << 27)}) {
    std::vector<uint8_t> bytes(no_op.size());
    ASSERT_TRUE(StaticJump::Make(kCode, kCode + distance, bytes.data()));
    golden.Expect("b #" + std::to_string(distance), Golden::Hex(bytes));
  }
  golden.ExpectAllUsed(6);
}

TEST(StaticJumpTest, RefusesWhatItCannotReach) {
  for (const int64_t distance :
       std::vector<int64_t>{1 << 27, -(1 << 27) - 4, int64_t{1} << 40}) {
    uint8_t bytes[machine::kMaxStaticSiteSize];
    EXPECT_FALSE(StaticJump::Make(kCode, kCode + distance, bytes)) << distance;
  }
}

TEST(StaticJumpTest, RefusesWhatIsNoInstruction) {
  for (const int64_t distance : std::vector<int64_t>{1, 2, 3, -1, 6}) {
    uint8_t bytes[machine::kMaxStaticSiteSize];
    EXPECT_FALSE(StaticJump::Make(kCode, kCode + distance, bytes)) << distance;
  }
}

TEST(StaticJumpTest, IsTheMachines) {
  EXPECT_EQ(kMachineOps.static_no_op.data(), StaticJump::NoOp().data());
  EXPECT_EQ(kMachineOps.make_static_jump, &StaticJump::Make);
}

}  // namespace
}  // namespace ebpf::aarch64

// SPDX-License-Identifier: MIT
//
// What a slot that jumps back holds.
#include <string.h>

#include "arch/aarch64/probed_insn.h"
#include "core/base/bits.h"
#include "gtest/gtest.h"

namespace ebpf::aarch64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

constexpr uint64_t kFunction = 0xffff'0000'0010'0008;
constexpr uint32_t kMul = 0x9b017c00;  // mul x0, x0, x1
constexpr uint32_t kNop = 0xd503201f;

ProbePlan PlanOf(uint32_t word) {
  return *ProbedInsn::Plan(
      ConstBytes(reinterpret_cast<const uint8_t*>(&word), sizeof(word)),
      kFunction, 0, 3);
}

uint32_t WordAt(const ProbePlan& plan, unsigned offset) {
  uint32_t word;
  memcpy(&word, plan.slot + offset, sizeof(word));
  return word;
}

TEST(RelocatedInsnTest, IsCopiedAndBranchesToTheNext) {
  constexpr uint64_t kReach = uint64_t{1} << 27;
  for (const uint64_t slot : {kFunction + 0x1000, kFunction - 0x2000,
                              kFunction + kReach, kFunction - kReach + 4}) {
    ProbePlan plan = PlanOf(kMul);
    ASSERT_TRUE(ProbedInsn::Relocate(plan, slot)) << std::hex << slot;
    EXPECT_EQ(plan.method, ProbeMethod::kRelocate);
    EXPECT_EQ(plan.slot_size, 8);
    EXPECT_EQ(WordAt(plan, 0), kMul);
    const uint32_t branch = WordAt(plan, 4);
    EXPECT_EQ(branch >> 26, 5u);
    EXPECT_EQ(slot + 4 +
                  static_cast<uint64_t>(SignExtend(branch & 0x3ffffff, 26) * 4),
              kFunction + 4);
  }
}

TEST(RelocatedInsnTest, StaysAsItIsWhereABranchDoesNotReach) {
  constexpr uint64_t kReach = uint64_t{1} << 27;
  for (const uint64_t slot :
       {kFunction + kReach + 4, kFunction - kReach, uint64_t{0x1000}}) {
    ProbePlan plan = PlanOf(kMul);
    const ProbePlan before = plan;
    EXPECT_FALSE(ProbedInsn::Relocate(plan, slot)) << std::hex << slot;
    EXPECT_EQ(memcmp(&plan, &before, sizeof(plan)), 0);
  }
}

TEST(RelocatedInsnTest, WhatIsEmulatedStaysSo) {
  ProbePlan plan = PlanOf(kNop);
  EXPECT_FALSE(ProbedInsn::Relocate(plan, kFunction + 0x1000));
  EXPECT_EQ(plan.method, ProbeMethod::kEmulate);
}

}  // namespace
}  // namespace ebpf::aarch64

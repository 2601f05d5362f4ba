// SPDX-License-Identifier: MIT
//
// What a slot that jumps back holds.
#include <string.h>

#include "arch/riscv64/insn_fields.h"
#include "arch/riscv64/probed_insn.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

constexpr uint64_t kFunction = 0x80201000;
constexpr uint64_t kReach = uint64_t{1} << 20;
constexpr uint32_t kMul = 0x02b50533;  // mul a0, a0, a1
constexpr uint32_t kCAdd = 0x952e;     // c.add a0, a1
constexpr uint32_t kNop = 0x00000013;

ProbePlan PlanOf(uint32_t insn) {
  return *ProbedInsn::Plan(
      ConstBytes(reinterpret_cast<const uint8_t*>(&insn), sizeof(insn)),
      kFunction, 0, 0);
}

uint32_t WordAt(const ProbePlan& plan, unsigned offset) {
  uint32_t word;
  memcpy(&word, plan.slot + offset, sizeof(word));
  return word;
}

TEST(RelocatedInsnTest, IsCopiedAndJumpsToTheNext) {
  for (const uint32_t insn : {kMul, kCAdd}) {
    for (const uint64_t slot : {kFunction + 0x1000, kFunction - 0x2468,
                                kFunction + kReach, kFunction - kReach + 2}) {
      ProbePlan plan = PlanOf(insn);
      ASSERT_EQ(plan.method, ProbeMethod::kStep);
      ASSERT_TRUE(ProbedInsn::Relocate(plan, slot)) << std::hex << slot;
      EXPECT_EQ(plan.method, ProbeMethod::kRelocate);
      EXPECT_EQ(plan.slot_size, plan.insn_size + 4);
      EXPECT_EQ(memcmp(plan.slot, &insn, plan.insn_size), 0);
      const uint32_t jump = WordAt(plan, plan.insn_size);
      EXPECT_EQ(Opcode(jump), kOpJal);
      EXPECT_EQ(Rd(jump), 0u);
      EXPECT_EQ(slot + plan.insn_size + static_cast<uint64_t>(ImmJ(jump)),
                kFunction + plan.insn_size);
    }
  }
}

TEST(RelocatedInsnTest, JumpsBackFromFarByARegisterThatIsDeadThere) {
  constexpr uint32_t kLiT1 = 0x00100313;  // li t1, 1
  const uint32_t insns[] = {kMul, kLiT1};
  const ConstBytes code(reinterpret_cast<const uint8_t*>(insns), 8);
  for (const uint64_t slot : {kFunction + 0x1234'5678, kFunction - 0x7fff'f000,
                              kFunction + kReach + 2}) {
    ProbePlan plan = *ProbedInsn::Plan(code, kFunction, 0, 0);
    ASSERT_TRUE(ProbedInsn::Relocate(plan, slot)) << std::hex << slot;
    EXPECT_EQ(plan.method, ProbeMethod::kRelocate);
    ASSERT_EQ(plan.slot_size, 12);
    EXPECT_EQ(WordAt(plan, 0), kMul);
    const uint32_t upper = WordAt(plan, 4);
    const uint32_t jump = WordAt(plan, 8);
    EXPECT_EQ(Opcode(upper), kOpAuipc);
    EXPECT_EQ(Rd(upper), 6u);
    EXPECT_EQ(Opcode(jump), kOpJalr);
    EXPECT_EQ(Rs1(jump), 6u);
    EXPECT_EQ(Rd(jump), 0u);
    EXPECT_EQ(slot + 4 + static_cast<uint64_t>(ImmU(upper) + ImmI(jump)),
              kFunction + 4);
  }
  ProbePlan plan = *ProbedInsn::Plan(code, kFunction, 0, 0);
  EXPECT_FALSE(ProbedInsn::Relocate(plan, kFunction + (uint64_t{1} << 32)));
  ASSERT_TRUE(ProbedInsn::Relocate(plan, kFunction + 0x1000));
  EXPECT_EQ(plan.slot_size, 8);  // jal needs none
}

TEST(RelocatedInsnTest, StaysAsItIsWhereAJumpDoesNotReach) {
  for (const uint64_t slot :
       {kFunction + kReach + 2, kFunction - kReach, uint64_t{0x1000}}) {
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
}  // namespace ebpf::riscv64

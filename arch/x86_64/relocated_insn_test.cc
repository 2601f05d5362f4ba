// SPDX-License-Identifier: MIT
//
// What a slot that jumps back holds; core/probes/kprobe_slot_test.cc and
// testing/probes run it.
#include <string.h>
#include <vector>

#include "arch/x86_64/probed_insn.h"
#include "gtest/gtest.h"

namespace ebpf::x86_64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

constexpr uint64_t kFunction = 0xffff'8000'0010'0000;
constexpr uint64_t kNearSlot = kFunction + 0x10000;
constexpr uint64_t kFarSlot = kFunction + (uint64_t{3} << 30);

ProbePlan PlanOf(const std::vector<uint8_t>& code, uint32_t trap_stub = 3) {
  return *ProbedInsn::Plan(ConstBytes(code.data(), code.size()), kFunction, 0,
                           trap_stub);
}

int32_t FieldAt(const ProbePlan& plan, unsigned offset) {
  int32_t value;
  memcpy(&value, plan.slot + offset, sizeof(value));
  return value;
}

TEST(RelocatedInsnTest, IsCopiedAndJumpsToTheNext) {
  const std::vector<uint8_t> imul = {0x48, 0x0f, 0xaf, 0xfe};
  ProbePlan plan = PlanOf(imul);
  ASSERT_TRUE(ProbedInsn::Relocate(plan, kNearSlot));
  EXPECT_EQ(plan.method, ProbeMethod::kRelocate);
  EXPECT_EQ(plan.slot_size, 9);
  EXPECT_EQ(memcmp(plan.slot, imul.data(), 4), 0);
  EXPECT_EQ(plan.slot[4], 0xe9);
  EXPECT_EQ(kNearSlot + 9 + static_cast<uint64_t>(int64_t{FieldAt(plan, 5)}),
            kFunction + 4);
}

TEST(RelocatedInsnTest, JumpsThroughMemoryWhereTheNextIsFar) {
  const std::vector<uint8_t> imul = {0x48, 0x0f, 0xaf, 0xfe};
  for (const uint64_t slot : {kFarSlot, uint64_t{0x1000}}) {
    ProbePlan plan = PlanOf(imul);
    ASSERT_TRUE(ProbedInsn::Relocate(plan, slot));
    EXPECT_EQ(plan.slot_size, 18);
    constexpr uint8_t kJump[] = {0xff, 0x25, 0, 0, 0, 0};
    EXPECT_EQ(memcmp(plan.slot + 4, kJump, sizeof(kJump)), 0);
    uint64_t target;
    memcpy(&target, plan.slot + 10, sizeof(target));
    EXPECT_EQ(target, kFunction + 4);
  }
}

TEST(RelocatedInsnTest, ReachesTheSameMemoryRelativeToRip) {
  // add dword [rip + 0x1234], 7: the displacement lies before an immediate.
  const std::vector<uint8_t> add = {0x83, 0x05, 0x34, 0x12, 0, 0, 7};
  for (const uint64_t slot : {kNearSlot, kFunction - 0x40000000}) {
    ProbePlan plan = PlanOf(add);
    ASSERT_TRUE(ProbedInsn::Relocate(plan, slot));
    EXPECT_EQ(slot + 7 + static_cast<uint64_t>(int64_t{FieldAt(plan, 2)}),
              kFunction + 7 + 0x1234);
    EXPECT_EQ(plan.slot[0], 0x83);
    EXPECT_EQ(plan.slot[1], 0x05);
    EXPECT_EQ(plan.slot[6], 7);
  }
}

TEST(RelocatedInsnTest, StaysAStepWhereMemoryIsOutOfReach) {
  const std::vector<uint8_t> add = {0x83, 0x05, 0x34, 0x12, 0, 0, 7};
  ProbePlan plan = PlanOf(add);
  const ProbePlan before = plan;
  EXPECT_FALSE(ProbedInsn::Relocate(plan, kFarSlot));
  EXPECT_EQ(memcmp(&plan, &before, sizeof(plan)), 0);
  // The slot is near, and the operand as far as it can be on the other side.
  ProbePlan edge = PlanOf({0x83, 0x05, 0xff, 0xff, 0xff, 0x7f, 7});
  EXPECT_FALSE(ProbedInsn::Relocate(edge, kFunction - 64));
  EXPECT_TRUE(ProbedInsn::Relocate(edge, kFunction + 64));
}

TEST(RelocatedInsnTest, AnyFitsIntoItsSlot) {
  // Fifteen bytes: prefixes before add qword fs:[rax + rbx * 8 + d32], d32.
  const std::vector<uint8_t> longest = {
      0x2e, 0x64, 0x67, 0x48, 0x81, 0x84, 0xd8, 1, 2, 3, 4, 5, 6, 7, 8};
  ProbePlan plan = PlanOf(longest);
  ASSERT_EQ(plan.insn_size, 15);
  ASSERT_TRUE(ProbedInsn::Relocate(plan, kFarSlot));
  EXPECT_EQ(plan.slot_size, 29);
  EXPECT_LE(plan.slot_size, machine::kMaxSlotSize);
}

TEST(RelocatedInsnTest, WhatNeedsSomethingPutRightIsNot) {
  const std::vector<std::vector<uint8_t>> insns = {
      {0xe8, 1, 0, 0, 0},  // call
      {0xff, 0x10},        // call [rax]
      {0xff, 0x20},        // jmp [rax]
      {0xc3},              // ret
      {0x90},              // nop, which is emulated
  };
  for (const std::vector<uint8_t>& insn : insns) {
    ProbePlan plan = PlanOf(insn, 0);
    EXPECT_FALSE(ProbedInsn::Relocate(plan, kNearSlot)) << std::hex << insn[0];
    EXPECT_NE(plan.method, ProbeMethod::kRelocate);
  }
  ProbePlan push_flags = PlanOf({0x9c}, 0);
  EXPECT_TRUE(ProbedInsn::Relocate(push_flags, kNearSlot));
}

}  // namespace
}  // namespace ebpf::x86_64

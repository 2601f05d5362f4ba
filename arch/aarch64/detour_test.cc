// SPDX-License-Identifier: MIT
//
// Which instructions can have a detour, and what its slot holds;
// testing/guest/probes runs them. Encodings are what LLVM's assembler makes of
// the instruction beside them.
#include "arch/aarch64/detour.h"

#include <string.h>

#include "arch/aarch64/probed_insn.h"
#include "core/base/bits.h"
#include "gtest/gtest.h"

namespace ebpf::aarch64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

constexpr uint64_t kFunction = 0xffff'0000'0010'0008;
constexpr uint64_t kSlot = kFunction + 0x10000;
constexpr uint64_t kEntry = kFunction - 0x20000;
constexpr uint32_t kMul = 0x9b017c00;  // mul x0, x0, x1

ProbePlan PlanOf(uint32_t word) {
  return *ProbedInsn::Plan(
      ConstBytes(reinterpret_cast<const uint8_t*>(&word), sizeof(word)),
      kFunction, 0, 3);
}

uint32_t WordAt(const uint8_t* bytes, unsigned index) {
  uint32_t word;
  memcpy(&word, bytes + index * 4, sizeof(word));
  return word;
}

/// Where the branch `word` at `from` leads.
uint64_t TargetOf(uint32_t word, uint64_t from) {
  return from + static_cast<uint64_t>(SignExtend(word & 0x3ffffff, 26) * 4);
}

TEST(DetourTest, ABranchLeadsToTheSlotAndOneBack) {
  ProbePlan plan = PlanOf(kMul);
  ASSERT_TRUE(Detour::IsPossible(plan));
  ASSERT_TRUE(Detour::Make(plan, {}, kSlot, kEntry));
  EXPECT_EQ(plan.method, ProbeMethod::kDetour);
  EXPECT_EQ(plan.window_size, 4);
  EXPECT_EQ(plan.jump_size, 4);
  const uint32_t there = WordAt(plan.jump, 0);
  EXPECT_EQ(there >> 26, 5u);
  EXPECT_EQ(TargetOf(there, kFunction), kSlot);

  EXPECT_EQ(plan.slot_size, 32);
  EXPECT_EQ(WordAt(plan.slot, 0), 0xf81e0ffeu);  // str x30, [sp, #-32]!
  const uint32_t call = WordAt(plan.slot, 1);
  EXPECT_EQ(call >> 26, 0x25u);
  EXPECT_EQ(TargetOf(call, kSlot + 4), kEntry);
  EXPECT_EQ(WordAt(plan.slot, 2), 0xf9400ffeu);  // ldr x30, [sp, #24]
  EXPECT_EQ(WordAt(plan.slot, 3), 0xd51b423eu);  // msr daif, x30
  EXPECT_EQ(WordAt(plan.slot, 4), 0xf84207feu);  // ldr x30, [sp], #32
  EXPECT_EQ(plan.copy_offset, 20);
  EXPECT_EQ(WordAt(plan.slot, 5), kMul);
  const uint32_t back = WordAt(plan.slot, 6);
  EXPECT_EQ(back >> 26, 5u);
  EXPECT_EQ(TargetOf(back, kSlot + 24), kFunction + 4);
  const auto distance = static_cast<int32_t>(WordAt(plan.slot, 7));
  EXPECT_EQ(kSlot + 8 + static_cast<uint64_t>(int64_t{distance}), kFunction);
}

TEST(DetourTest, WhatDoesNotDependOnItsPlaceIsPossible) {
  constexpr uint32_t kPossible[] = {
      0xd503201f,  // nop
      0xa9bf7bfd,  // stp x29, x30, [sp, #-16]!
      0xa8c17bfd,  // ldp x29, x30, [sp], #16
      0xd10103ff,  // sub sp, sp, #64
      0x910003fd,  // mov x29, sp
      0xaa0003e1,  // mov x1, x0
      0xd2800540,  // mov x0, #42
      0xf9400000,  // ldr x0, [x0]
      0xb9000020,  // str w0, [x1]
      0xb8e00020,  // ldaddal w0, w0, [x1]
      0x9ac10800,  // udiv x0, x0, x1
      0xeb01001f,  // cmp x0, x1
  };
  for (const uint32_t word : kPossible) {
    EXPECT_TRUE(Detour::IsPossible(PlanOf(word))) << std::hex << word;
  }
}

TEST(DetourTest, WhatDoesIsNotNorIsWhatABranchMustMeet) {
  constexpr uint32_t kImpossible[] = {
      0x14000010,  // b
      0x94000010,  // bl
      0x54000080,  // b.eq
      0xb4000080,  // cbz x0
      0x36000080,  // tbz w0, #0
      0xd61f0000,  // br x0
      0xd63f0000,  // blr x0
      0xd65f03c0,  // ret
      0x10000080,  // adr x0
      0x90000000,  // adrp x0
      0x58000080,  // ldr x0, literal
      0xd503245f,  // bti c
      0xd503233f,  // paciasp, where a branch may lead, too
      0xd5033bbf,  // dmb ish
  };
  for (const uint32_t word : kImpossible) {
    EXPECT_FALSE(Detour::IsPossible(PlanOf(word))) << std::hex << word;
  }
}

TEST(DetourTest, IsNotMadeWhereSomethingIsOutOfReach) {
  constexpr uint64_t kReach = uint64_t{1} << 27;
  ProbePlan plan = PlanOf(kMul);
  const ProbePlan before = plan;
  EXPECT_FALSE(Detour::Make(plan, {}, kFunction + kReach, kEntry));
  EXPECT_FALSE(Detour::Make(plan, {}, kFunction - kReach - 4, kEntry));
  EXPECT_FALSE(Detour::Make(plan, {}, kSlot, kSlot + kReach + 4));
  EXPECT_FALSE(Detour::Make(plan, {}, kSlot, kSlot - kReach));
  EXPECT_EQ(memcmp(&plan, &before, sizeof(plan)), 0);
  EXPECT_TRUE(Detour::Make(plan, {}, kFunction - kReach + 64,
                           kFunction - 2 * kReach + 128));
}

}  // namespace
}  // namespace ebpf::aarch64

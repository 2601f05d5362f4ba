// SPDX-License-Identifier: MIT
//
// What a jump covers, and what its slot holds. That it does the same is tested
// in guests (testing/guest/probes).
#include "arch/riscv64/detour.h"

#include <string.h>
#include <vector>

#include "arch/riscv64/encoder.h"
#include "arch/riscv64/probed_insn.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

// Not all of it: pt_regs.h has some of these names, too.
using encode::Auipc;
using encode::Branch;
using encode::CJalr;
using encode::CJr;
using encode::Imm;
using encode::Jal;
using encode::kA1;
using encode::kA3;
using encode::kA5;
using encode::kAddi;
using encode::kBeq;
using encode::kJalr;
using encode::kT1;
using encode::kT2;
using encode::kT4;
using encode::kZero;
using machine::DetourWindow;
using machine::ProbeMethod;
using machine::ProbePlan;

constexpr uint64_t kFunction = 0x80201000;
constexpr uint64_t kSlot = kFunction + 0x2468;
constexpr uint64_t kFarSlot = kFunction + 0x1234'5678;
constexpr uint64_t kEntry = kFunction - 0x8000;
constexpr uint32_t kFullStub =
    machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap;
constexpr uint32_t kRet = 0x8082;
constexpr uint32_t kCNop = 0x0001;
constexpr uint32_t kPush = 0x1141;    // c.addi sp, -16
constexpr uint32_t kSaveRa = 0xe406;  // c.sdsp ra, 8(sp)
constexpr uint32_t kNop = 0x00000013;
constexpr uint32_t kMulA0 = 0x02b50533;  // mul a0, a0, a1

using Insns = std::vector<uint32_t>;

std::vector<uint8_t> Code(const Insns &insns) {
  std::vector<uint8_t> code;
  for (const uint32_t insn : insns) {
    const unsigned size = (insn & 3) == 3 ? 4 : 2;
    for (unsigned i = 0; i < size; ++i) {
      code.push_back(static_cast<uint8_t>(insn >> (8 * i)));
    }
  }
  return code;
}

Result<DetourWindow> Near(const Insns &insns, size_t offset = 0) {
  const std::vector<uint8_t> code = Code(insns);
  return Detour::FindNear(ConstBytes(code.data(), code.size()), kFunction,
                          offset);
}
Result<DetourWindow> Far(const Insns &insns, size_t offset = 0) {
  const std::vector<uint8_t> code = Code(insns);
  return Detour::FindFar(ConstBytes(code.data(), code.size()), kFunction,
                         offset);
}

ProbePlan PlanOf(const Insns &insns, size_t offset = 0) {
  const std::vector<uint8_t> code = Code(insns);
  return *ProbedInsn::Plan(ConstBytes(code.data(), code.size()), kFunction,
                           offset, kFullStub);
}

uint32_t WordAt(const uint8_t *bytes, unsigned offset) {
  uint32_t word;
  memcpy(&word, bytes + offset, sizeof(word));
  return word;
}
uint16_t HalfAt(const uint8_t *bytes, unsigned offset) {
  uint16_t half;
  memcpy(&half, bytes + offset, sizeof(half));
  return half;
}

uint32_t Li(unsigned reg) { return Imm(kAddi, reg, kZero, 1); }

/// Where an auipc and the jalr behind it lead.
uint64_t FarTarget(const uint8_t *bytes, unsigned offset, uint64_t address) {
  const uint32_t upper = WordAt(bytes, offset);
  const uint32_t jump = WordAt(bytes, offset + 4);
  EXPECT_EQ(Opcode(upper), kOpAuipc);
  EXPECT_EQ(Rs1(jump), Rd(upper));
  return address + offset + static_cast<uint64_t>(ImmU(upper) + ImmI(jump));
}

// --- What is covered ---------------------------------------------------------

TEST(DetourTest, ANearJumpCoversOneInstructionOrTwo) {
  EXPECT_EQ(Near({kMulA0, kRet})->size, 4);
  EXPECT_EQ(Near({kPush, kSaveRa, kRet})->size, 4);
  EXPECT_EQ(Near({kPush, kMulA0, kRet})->size, 6);
  EXPECT_EQ(Near({kPush, kRet, kNop})->size, 4);  // a return may end it
  EXPECT_EQ(Near({kPush, kSaveRa, kMulA0, kRet}, 2)->size, 6);
}

TEST(DetourTest, AFarJumpCoversEightBytesAndNeedsTwoDeadRegisters) {
  const uint32_t t1 = Li(kT1);
  const auto window = Far({kPush, kSaveRa, kMulA0, t1, kRet});
  ASSERT_TRUE(window.ok());
  EXPECT_EQ(window->size, 8);
  EXPECT_EQ(window->scratch, 0x22);  // t1, the second, before and behind
  // Of 10 bytes there would have to be copies.
  EXPECT_EQ(Far({kPush, kMulA0, kMulA0, t1, kRet}).status(), Status::kInvalid);
  // Nothing is written that is dead.
  EXPECT_EQ(Far({kPush, kSaveRa, kMulA0, kRet}).status(), Status::kInvalid);
  // t1 is dead before the window, and read behind it.
  const uint32_t read_t1 = encode::StoreTo(encode::kSd, kT1, kSp, 8);
  EXPECT_EQ(Far({t1, kNop, read_t1, kRet}).status(), Status::kInvalid);
  EXPECT_TRUE(Far({t1, read_t1, kNop, kRet}).ok());
  // Behind a return nobody jumps back.
  EXPECT_EQ(Far({t1, kCNop, kRet, t1})->size, 8);
}

TEST(DetourTest, NothingMayJumpInto) {
  EXPECT_EQ(Near({kPush, kSaveRa, Jal(kZero, -2), kRet}).status(),
            Status::kInvalid);
  EXPECT_TRUE(Near({kPush, kSaveRa, Jal(kZero, -4), kRet}).ok());
  EXPECT_TRUE(Near({kPush, kSaveRa, Jal(kZero, 4), kRet, kRet}).ok());
  EXPECT_EQ(Near({kPush, kSaveRa, Branch(kBeq, kA0, kA1, -2), kRet}).status(),
            Status::kInvalid);
  EXPECT_EQ(Near({kPush, kSaveRa, encode::CJ(-2), kRet}).status(),
            Status::kInvalid);
  // By a register: anywhere, unless it is one far jump.
  EXPECT_EQ(Near({kPush, kSaveRa, CJr(kA5)}).status(), Status::kInvalid);
  EXPECT_TRUE(Near({kPush, kSaveRa, CJalr(kA5), kRet}).ok());
  const uint32_t there = Imm(kJalr, kZero, kT1, 0x100);
  EXPECT_TRUE(Near({kPush, kSaveRa, Auipc(kT1, 0), there}).ok());
  EXPECT_EQ(Near({kPush, kSaveRa, Auipc(kT2, 0), there}).status(),
            Status::kInvalid);
  EXPECT_EQ(Near({kPush, kSaveRa, Auipc(kT1, 0), Imm(kJalr, kZero, kT1, -2)})
                .status(),
            Status::kInvalid);
  // One instruction has no inside.
  EXPECT_TRUE(Near({kMulA0, CJr(kA5)}).ok());
}

TEST(DetourTest, OnlyTheFirstMayFault) {
  const uint32_t load = 0x6188;  // c.ld a0, 0(a1)
  EXPECT_TRUE(Near({load, kCNop, kRet}).ok());
  EXPECT_EQ(Near({kCNop, load, kRet}).status(), Status::kInvalid);
  EXPECT_TRUE(Near({kPush, kSaveRa, kRet}).ok());  // the stack is there
}

TEST(DetourTest, WhatDependsOnWhereItIsIsNotCovered) {
  EXPECT_EQ(Near({Jal(kRa, 0x100), kRet}).status(), Status::kInvalid);
  EXPECT_EQ(Near({Jal(kZero, 0x100), kRet}).status(), Status::kInvalid);
  EXPECT_EQ(Near({Branch(kBeq, kA0, kA1, 8), kNop, kRet}).status(),
            Status::kInvalid);
  EXPECT_EQ(Near({kCNop, CJalr(kA0), kRet}).status(), Status::kInvalid);
  EXPECT_EQ(Near({kCNop, 0x9002u, kRet}).status(), Status::kInvalid);  // trap
  EXPECT_EQ(Near({kPush, kRet}, 2).status(), Status::kInvalid);  // too short
  EXPECT_EQ(Near({kMulA0, kRet}, 2).status(), Status::kBadSequence);
  EXPECT_EQ(Near({Auipc(kA5, 1), kRet}).status(), Status::kInvalid);
  EXPECT_EQ(Far({Auipc(kA5, 1), kNop, Li(kT1), kRet}).status(),
            Status::kInvalid);
}

TEST(DetourTest, SaysAtOnceWhatCannotBeTheFirst) {
  EXPECT_TRUE(Detour::IsPossible(PlanOf({kMulA0})));
  ProbePlan relocated = PlanOf({kMulA0});
  ASSERT_TRUE(ProbedInsn::Relocate(relocated, kSlot));
  EXPECT_TRUE(Detour::IsPossible(relocated));
  EXPECT_TRUE(Detour::IsPossible(PlanOf({kPush})));
  EXPECT_TRUE(Detour::IsPossible(PlanOf({kSaveRa})));
  EXPECT_FALSE(Detour::IsPossible(PlanOf({Auipc(kA5, 1)})));
  EXPECT_FALSE(Detour::IsPossible(PlanOf({Jal(kRa, 0x100)})));
  EXPECT_FALSE(Detour::IsPossible(PlanOf({Branch(kBeq, kA0, kA1, 8)})));
  EXPECT_FALSE(Detour::IsPossible(PlanOf({CJalr(kA0)})));
}

// --- Slots -------------------------------------------------------------------

TEST(DetourTest, ANearSlotCallsRunsTheCopiesAndJumpsBack) {
  const Insns insns = {kPush, kMulA0, kRet};
  ProbePlan plan = PlanOf(insns);
  ASSERT_TRUE(Detour::Make(plan, *Near(insns), kSlot, kEntry));
  EXPECT_EQ(plan.method, ProbeMethod::kDetour);
  EXPECT_EQ(plan.window_size, 6);
  ASSERT_EQ(plan.jump_size, 4);
  const uint32_t there = WordAt(plan.jump, 0);
  EXPECT_EQ(Opcode(there), kOpJal);
  EXPECT_EQ(Rd(there), kZero);
  EXPECT_EQ(kFunction + static_cast<uint64_t>(ImmJ(there)), kSlot);

  EXPECT_EQ(HalfAt(plan.slot, 0), 0x712d);  // c.addi16sp sp, -288
  EXPECT_EQ(HalfAt(plan.slot, 2), 0xe406);  // c.sdsp ra, 8(sp)
  EXPECT_EQ(FarTarget(plan.slot, 4, kSlot), kEntry + Detour::kNearEntry);
  EXPECT_EQ(Rd(WordAt(plan.slot, 4)), kRa);
  EXPECT_EQ(Rd(WordAt(plan.slot, 8)), kRa);
  EXPECT_EQ(HalfAt(plan.slot, 12), 0x6092);      // c.ldsp ra, 256(sp)
  EXPECT_EQ(WordAt(plan.slot, 14), 0x1000a073);  // csrs sstatus, ra
  EXPECT_EQ(HalfAt(plan.slot, 18), 0x60a2);      // c.ldsp ra, 8(sp)
  EXPECT_EQ(HalfAt(plan.slot, 20), 0x6115);      // c.addi16sp sp, 288
  ASSERT_EQ(plan.copy_offset, 22);
  EXPECT_EQ(memcmp(plan.slot + 22, Code(insns).data(), 6), 0);
  const uint32_t back = WordAt(plan.slot, 28);
  EXPECT_EQ(Opcode(back), kOpJal);
  EXPECT_EQ(kSlot + 28 + static_cast<uint64_t>(ImmJ(back)), kFunction + 6);
  EXPECT_EQ(plan.slot_size, 32);
  EXPECT_EQ(memcmp(plan.insn, Code(insns).data(), 6), 0);
}

TEST(DetourTest, AFarSlotCallsByTheDeadRegister) {
  const Insns insns = {kPush, kSaveRa, kMulA0, Li(kT4), Li(kA3), kRet};
  DetourWindow window = *Far(insns);
  window.scratch = 0x0d | 0x70;  // t4 before, a3 behind
  ProbePlan plan = PlanOf(insns);
  ASSERT_TRUE(Detour::Make(plan, window, kFarSlot, kEntry));
  EXPECT_EQ(plan.method, ProbeMethod::kDetour);
  EXPECT_EQ(plan.window_size, 8);
  ASSERT_EQ(plan.jump_size, 8);
  EXPECT_EQ(FarTarget(plan.jump, 0, kFunction), kFarSlot);
  EXPECT_EQ(Rd(WordAt(plan.jump, 0)), kT4);
  EXPECT_EQ(Rd(WordAt(plan.jump, 4)), kZero);

  EXPECT_EQ(FarTarget(plan.slot, 0, kFarSlot),
            kEntry + 12 * Detour::kFarEntrySize);
  EXPECT_EQ(Rd(WordAt(plan.slot, 0)), kT4);
  EXPECT_EQ(Rd(WordAt(plan.slot, 4)), kT4);
  EXPECT_EQ(WordAt(plan.slot, 8), 0x1000a073);  // csrs sstatus, ra
  EXPECT_EQ(HalfAt(plan.slot, 12), 0x60a2);     // c.ldsp ra, 8(sp)
  EXPECT_EQ(HalfAt(plan.slot, 14), 0x6155);     // c.addi16sp sp, 304
  ASSERT_EQ(plan.copy_offset, 16);
  EXPECT_EQ(memcmp(plan.slot + 16, Code(insns).data(), 8), 0);
  EXPECT_EQ(FarTarget(plan.slot, 24, kFarSlot), kFunction + 8);
  EXPECT_EQ(Rd(WordAt(plan.slot, 24)), kA3);
  EXPECT_EQ(Rd(WordAt(plan.slot, 28)), kZero);
}

TEST(DetourTest, EachRegisterThatCallsNeedNotPreserveCanBeTheOne) {
  constexpr unsigned kRegisters[] = {5,  6,  7,  10, 11, 12, 13, 14,
                                     15, 16, 17, 28, 29, 30, 31};
  unsigned number = 0;
  for (const unsigned reg : kRegisters) {
    if (reg == kA0 || reg == kA1) {
      ++number;
      continue;  // results: dead only where they are written again
    }
    const Insns insns = {kNop, kNop, Li(reg), kRet};
    ProbePlan plan = PlanOf(insns);
    const auto window = Far(insns);
    ASSERT_TRUE(window.ok()) << reg;
    ASSERT_TRUE(Detour::Make(plan, *window, kFarSlot, kEntry));
    EXPECT_EQ(Rd(WordAt(plan.jump, 0)), reg);
    EXPECT_EQ(Rd(WordAt(plan.slot, 4)), reg);
    EXPECT_EQ(Rd(WordAt(plan.slot, 24)), reg);
    EXPECT_EQ(FarTarget(plan.slot, 0, kFarSlot),
              kEntry + number * Detour::kFarEntrySize);
    ++number;
  }
  EXPECT_EQ(number * Detour::kFarEntrySize, Detour::kNearEntry);
}

TEST(DetourTest, IsNotMadeWhereSomethingIsOutOfReach) {
  constexpr uint64_t kReach = uint64_t{1} << 20;
  constexpr uint64_t kFarReach = uint64_t{1} << 31;
  const Insns insns = {kPush, kSaveRa, kMulA0, Li(kT1), kRet};
  ProbePlan plan = PlanOf(insns);
  const ProbePlan before = plan;
  const DetourWindow near = *Near(insns);
  const DetourWindow far = *Far(insns);
  EXPECT_FALSE(Detour::Make(plan, near, kFunction + kReach, kEntry));
  EXPECT_FALSE(Detour::Make(plan, near, kFunction - kReach - 2, kEntry));
  EXPECT_FALSE(Detour::Make(plan, near, kSlot, kSlot + kFarReach + 8));
  EXPECT_FALSE(Detour::Make(plan, far, kFunction + kFarReach, kFunction));
  EXPECT_FALSE(
      Detour::Make(plan, far, kFunction - kFarReach - 0x1000, kFunction));
  EXPECT_FALSE(Detour::Make(plan, far, kFarSlot, kFarSlot + kFarReach + 8));
  EXPECT_EQ(memcmp(&plan, &before, sizeof(plan)), 0);
  EXPECT_TRUE(Detour::Make(plan, near, kFunction + kReach - 64, kFunction));
  plan = before;
  EXPECT_TRUE(
      Detour::Make(plan, far, kFunction + kFarReach - 0x1000, kFunction));
}

}  // namespace
}  // namespace ebpf::riscv64

// SPDX-License-Identifier: MIT
//
// Encodings are what LLVM's assembler makes of the instruction beside them.
// That the sets are right testing/probes finds out by running instructions.
#include "arch/riscv64/insn_effect.h"

#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

using Next = InsnEffect::Next;

constexpr RegisterSet kAll = ~1u;
constexpr unsigned kRaReg = 1, kSpReg = 2, kA0Reg = 10, kA1Reg = 11;

InsnEffect Of(uint32_t insn) { return EffectOf(insn, (insn & 3) == 3 ? 4 : 2); }

TEST(InsnEffectTest, TellsWhatIsReadAndWritten) {
  const struct {
    uint32_t insn;
    RegisterSet reads, writes;
  } cases[] = {
      {0x00b50533, SetOf(10) | SetOf(11), SetOf(10)},  // add a0, a0, a1
      {0x02b50533, SetOf(10) | SetOf(11), SetOf(10)},  // mul a0, a0, a1
      {0x00158593, SetOf(11), SetOf(11)},              // addi a1, a1, 1
      {0x000012b7, 0, SetOf(5)},                       // lui t0, 1
      {0x00001297, 0, SetOf(5)},                       // auipc t0, 1
      {0x0005b503, SetOf(11), SetOf(10)},              // ld a0, 0(a1)
      {0x00a5b023, SetOf(10) | SetOf(11), 0},          // sd a0, 0(a1)
      {0x952e, SetOf(10) | SetOf(11), SetOf(10)},      // c.add a0, a1
      {0x852e, SetOf(11), SetOf(10)},                  // c.mv a0, a1
      {0x1141, SetOf(2), SetOf(2)},                    // c.addi sp, -16
      {0xe406, SetOf(1) | SetOf(2), 0},                // c.sdsp ra, 8(sp)
      {0x60a2, SetOf(2), SetOf(1)},                    // c.ldsp ra, 8(sp)
      {0x6188, SetOf(11), SetOf(10)},                  // c.ld a0, 0(a1)
      {0xe188, SetOf(10) | SetOf(11), 0},              // c.sd a0, 0(a1)
      {0x4501, 0, SetOf(10)},                          // c.li a0, 0
      {0x00000013, 0, 0},                              // nop
      {0x0ff0000f, 0, 0},                              // fence
      {0x06b5252f, SetOf(10) | SetOf(11), SetOf(10)},  // amoadd.w.rl-like
  };
  for (const auto &c : cases) {
    const InsnEffect effect = Of(c.insn);
    EXPECT_EQ(effect.reads, c.reads) << std::hex << c.insn;
    EXPECT_EQ(effect.writes, c.writes) << std::hex << c.insn;
    EXPECT_EQ(effect.next, Next::kFollowing) << std::hex << c.insn;
  }
}

TEST(InsnEffectTest, TellsWhereJumpsLead) {
  EXPECT_EQ(Of(0x8082).next, Next::kReturn);        // c.jr ra
  EXPECT_EQ(Of(0x00008067).next, Next::kReturn);    // ret
  EXPECT_EQ(Of(0x8502).next, Next::kIndirect);      // c.jr a0
  EXPECT_EQ(Of(0x00408067).next, Next::kIndirect);  // jr 4(ra)
  EXPECT_EQ(Of(0x9502).next, Next::kCall);          // c.jalr a0
  EXPECT_EQ(Of(0x000502e7).next, Next::kUnknown);   // jalr t0, a0
  const InsnEffect jump = Of(0xa021);               // c.j +8
  EXPECT_EQ(jump.next, Next::kJump);
  EXPECT_TRUE(jump.has_distance);
  EXPECT_EQ(jump.distance, 8);
  const InsnEffect branch = Of(0xfe0518e3);  // bnez a0, -16
  EXPECT_EQ(branch.next, Next::kBranch);
  EXPECT_EQ(branch.distance, -16);
  EXPECT_EQ(branch.reads, SetOf(kA0Reg));
  const InsnEffect call = Of(0x010000ef);  // jal ra, +16
  EXPECT_EQ(call.next, Next::kCall);
  EXPECT_EQ(call.distance, 16);
  EXPECT_EQ(call.writes, SetOf(kRaReg));
  const InsnEffect by_t0 = Of(0x010002ef);  // jal t0, +16: not a plain call
  EXPECT_EQ(by_t0.next, Next::kUnknown);
  EXPECT_TRUE(by_t0.has_distance);
}

TEST(InsnEffectTest, SaysOfWhatItDoesNotKnowThatItReadsAll) {
  for (const uint32_t insn : {0x00000073u,  // ecall
                              0x10200073u,  // sret
                              0x02b5757bu,  // a maker's own
                              0x0205600bu,  // a maker's own
                              0x28b5352fu,  // amocas.d: reads its destination
                              0xfeb50533u,  // an operation that is not defined
                              0x6001u,      // c.lui zero, 0: reserved
                              0x6081u,      // c.mop.1
                              0xa002u,      // c.fsdsp, or a push
                              0x0000u}) {   // illegal on purpose
    const InsnEffect effect = Of(insn);
    EXPECT_EQ(effect.reads, kAll) << std::hex << insn;
    EXPECT_EQ(effect.writes, 0u) << std::hex << insn;
    EXPECT_EQ(effect.next, Next::kUnknown) << std::hex << insn;
    EXPECT_TRUE(effect.may_fault) << std::hex << insn;
  }
}

TEST(InsnEffectTest, TakesAccessesAtSpForNotFaulting) {
  EXPECT_FALSE(Of(0xe406).may_fault);      // c.sdsp ra, 8(sp)
  EXPECT_FALSE(Of(0x00813083).may_fault);  // ld ra, 8(sp)
  EXPECT_TRUE(Of(0x0005b503).may_fault);   // ld a0, 0(a1)
  EXPECT_TRUE(Of(0xe188).may_fault);       // c.sd a0, 0(a1)
  EXPECT_TRUE(Of(0x02b57553).may_fault);   // floating point may be off
  EXPECT_FALSE(Of(0x02b54533).may_fault);  // div does not
  EXPECT_EQ(Of(0x00813083).reads, SetOf(kSpReg));
  EXPECT_EQ(Of(0xe188).reads, SetOf(kA0Reg) | SetOf(kA1Reg));
}

}  // namespace
}  // namespace ebpf::riscv64

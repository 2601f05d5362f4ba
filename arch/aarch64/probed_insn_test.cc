// SPDX-License-Identifier: MIT
#include "arch/aarch64/probed_insn.h"

#include <cstring>
#include <vector>

#include "arch/aarch64/breakpoint.h"
#include "gtest/gtest.h"

namespace ebpf::aarch64 {
namespace {

using machine::kTrapStubLeavesGap;
using machine::kTrapStubSetsSp;
using machine::ProbeMethod;
using machine::ProbePlan;

constexpr uint64_t kFunction = 0xffff'0000'0010'0008;
constexpr uint32_t kFullStub = kTrapStubSetsSp | kTrapStubLeavesGap;

Result<ProbePlan> PlanOf(const std::vector<uint32_t>& words, size_t offset = 0,
                         uint32_t stub = kFullStub) {
  const ConstBytes code(reinterpret_cast<const uint8_t*>(words.data()),
                        words.size() * 4);
  return ProbedInsn::Plan(code, kFunction, offset, stub);
}

/// Registers that tell each other apart.
PtRegs SomeRegs() {
  PtRegs regs = {};
  for (unsigned i = 0; i < 31; ++i) {
    regs.x[i] = 0x1000 * (i + 1);
  }
  regs.sp = 0x77000;
  regs.pc = kFunction;
  regs.pstate = 0x5;
  return regs;
}

PtRegs Emulate(uint32_t word, PtRegs regs) {
  Result<ProbePlan> plan = PlanOf({word});
  EXPECT_TRUE(plan.ok()) << std::hex << word;
  EXPECT_EQ(plan->method, ProbeMethod::kEmulate) << std::hex << word;
  ProbedInsn::Emulate(*plan, Opaque(regs));
  return regs;
}

TEST(ProbedInsnTest, AddsImmediatesToRegistersAndSp) {
  PtRegs sub = Emulate(0xd10103ff, SomeRegs());  // sub sp, sp, #64
  EXPECT_EQ(sub.sp, 0x77000u - 64);
  EXPECT_EQ(sub.pc, kFunction + 4);

  PtRegs add = Emulate(0x910043fd, SomeRegs());  // add x29, sp, #16
  EXPECT_EQ(add.x[29], 0x77010u);
  EXPECT_EQ(add.sp, 0x77000u);
}

TEST(ProbedInsnTest, StoresToTheStackAndMovesSp) {
  alignas(16) uint64_t stack[8] = {};
  PtRegs regs = SomeRegs();
  regs.sp = reinterpret_cast<uint64_t>(stack + 8);

  regs = Emulate(0xa9be7bfd, regs);  // stp x29, x30, [sp, #-32]!
  EXPECT_EQ(regs.sp, reinterpret_cast<uint64_t>(stack + 4));
  EXPECT_EQ(stack[4], 0x1000u * 30);
  EXPECT_EQ(stack[5], 0x1000u * 31);

  regs = Emulate(0xf81f0ff3, regs);  // str x19, [sp, #-16]!
  EXPECT_EQ(regs.sp, reinterpret_cast<uint64_t>(stack + 2));
  EXPECT_EQ(stack[2], 0x1000u * 20);
  EXPECT_EQ(stack[3], 0u);
}

TEST(ProbedInsnTest, LoadsAndStoresOnTheStack) {
  alignas(16) static uint64_t stack[5000];
  for (uint64_t i = 0; i < 5000; ++i) {
    stack[i] = 0xabc000 + i;
  }
  const auto at = [](int index) {
    return reinterpret_cast<uint64_t>(stack + index);
  };
  PtRegs regs = SomeRegs();
  regs.sp = at(100);

  regs = Emulate(0xa8c37bfd, regs);  // ldp x29, x30, [sp], #48
  EXPECT_EQ(regs.x[29], 0xabc000u + 100);
  EXPECT_EQ(regs.x[30], 0xabc000u + 101);
  EXPECT_EQ(regs.sp, at(106));
  regs = Emulate(0xa9417ff3, regs);  // ldp x19, xzr, [sp, #16]
  EXPECT_EQ(regs.x[19], 0xabc000u + 108);
  EXPECT_EQ(regs.sp, at(106));
  regs = Emulate(0xf84107fe, regs);  // ldr x30, [sp], #16
  EXPECT_EQ(regs.x[30], 0xabc000u + 106);
  EXPECT_EQ(regs.sp, at(108));
  regs = Emulate(0xf97fffe0, regs);  // ldr x0, [sp, #32760]
  EXPECT_EQ(regs.x[0], 0xabc000u + 108 + 4095);
  regs = Emulate(0xa90153f3, regs);  // stp x19, x20, [sp, #16]
  EXPECT_EQ(stack[110], regs.x[19]);
  EXPECT_EQ(stack[111], regs.x[20]);
  regs = Emulate(0xf90013f3, regs);  // str x19, [sp, #32]
  EXPECT_EQ(stack[112], regs.x[19]);
  EXPECT_EQ(stack[113], 0xabc000u + 113);
  regs = Emulate(0xa8bf53ff, regs);  // stp xzr, x20, [sp], #-16
  EXPECT_EQ(stack[108], 0u);
  EXPECT_EQ(stack[109], regs.x[20]);
  EXPECT_EQ(regs.sp, at(106));
  regs = Emulate(0xa9bd7bfd, regs);  // stp x29, x30, [sp, #-48]!
  EXPECT_EQ(stack[100], regs.x[29]);
  EXPECT_EQ(stack[101], regs.x[30]);
  EXPECT_EQ(stack[102], 0xabc000u + 102);
  EXPECT_EQ(regs.sp, at(100));
}

TEST(ProbedInsnTest, MovesRegistersAndConstants) {
  PtRegs regs = SomeRegs();
  regs.x[1] = 0x1111'2222'3333'4444;
  EXPECT_EQ(Emulate(0xaa0103e0, regs).x[0], regs.x[1]);        // mov x0, x1
  EXPECT_EQ(Emulate(0x2a0103e0, regs).x[0], 0x33334444u);      // mov w0, w1
  EXPECT_EQ(Emulate(0xaa1f03e0, regs).x[0], 0u);               // mov x0, xzr
  EXPECT_EQ(Emulate(0xd2e24680, regs).x[0], 0x1234ull << 48);  // movz
  EXPECT_EQ(Emulate(0x92a00020, regs).x[0], ~uint64_t{0x10000});
  EXPECT_EQ(Emulate(0x12800000, regs).x[0], 0xffffffffu);   // movn w0
  EXPECT_EQ(Emulate(0x52bfffe1, regs).x[1], 0xffff0000u);   // movz w1
  EXPECT_EQ(Emulate(0x914007ff, regs).sp, regs.sp + 4096);  // add sp, lsl 12
}

TEST(ProbedInsnTest, StepsWhatLooksLikeThem) {
  for (uint32_t word : {
           0xb90013e0u,  // str w0, [sp, #16]
           0x294007e0u,  // ldp w0, w1, [sp]
           0xa97f07e0u,  // ldp x0, x1, [sp, #-16]
           0xa9410fe3u,  // ldp x3, x3, [sp, #16], which CPUs may not do
           0x11000420u,  // add w0, w1, #1
           0xb1000420u,  // adds x0, x1, #1
           0xf2800020u,  // movk x0, #1
           0xadbf07e0u,  // stp q0, q1, [sp, #-32]!
       }) {
    Result<ProbePlan> plan = PlanOf({word});
    ASSERT_TRUE(plan.ok()) << std::hex << word;
    EXPECT_EQ(plan->method, ProbeMethod::kStep) << std::hex << word;
  }
}

TEST(ProbedInsnTest, StepsThemWhereTheStubCannot) {
  for (uint32_t word : {0xa9be7bfdu, 0xf81f0ff3u}) {
    EXPECT_EQ(PlanOf({word}, 0, 0)->method, ProbeMethod::kStep);
    EXPECT_EQ(PlanOf({word}, 0, kTrapStubSetsSp)->method, ProbeMethod::kStep);
  }
  EXPECT_EQ(PlanOf({0xd10103ff}, 0, 0)->method, ProbeMethod::kStep);
  EXPECT_EQ(PlanOf({0xd10103ff}, 0, kTrapStubSetsSp)->method,
            ProbeMethod::kEmulate);
}

TEST(ProbedInsnTest, NoOperationsOnlyGoOnAndEndABranchTarget) {
  for (uint32_t word : {0xd503201fu, 0xd503245fu}) {  // nop, bti c
    PtRegs regs = SomeRegs();
    regs.pstate |= uint64_t{1} << 10;  // BTYPE
    PtRegs expected = SomeRegs();
    expected.pc = kFunction + 4;

    regs = Emulate(word, regs);

    EXPECT_EQ(memcmp(&regs, &expected, sizeof(regs)), 0);
  }
}

TEST(ProbedInsnTest, MasksInterruptsAsTheInstructionWould) {
  PtRegs regs = SomeRegs();
  regs.pstate = kPstateZero | 0x205;  // debug exceptions masked

  EXPECT_EQ(Emulate(0xd53b4220, regs).x[0], 0x200u);  // mrs x0, daif
  EXPECT_EQ(Emulate(0xd50342df, regs).pstate,         // msr daifset, #2
            kPstateZero | 0x285);
  EXPECT_EQ(Emulate(0xd50349ff, regs).pstate,  // msr daifclr, #9
            kPstateZero | 0x005);
  regs.x[1] = ~uint64_t{0x80};
  EXPECT_EQ(Emulate(0xd51b4221, regs).pstate,  // msr daif, x1
            kPstateZero | 0x345);
  EXPECT_EQ(Emulate(0xd51b423f, regs).pstate,  // msr daif, xzr
            kPstateZero | 0x005);
}

TEST(ProbedInsnTest, BranchesAndLinks) {
  EXPECT_EQ(Emulate(0x14000010, SomeRegs()).pc, kFunction + 64);  // b .+64

  PtRegs bl = Emulate(0x97fffff0, SomeRegs());  // bl .-64
  EXPECT_EQ(bl.pc, kFunction - 64);
  EXPECT_EQ(bl.x[30], kFunction + 4);

  EXPECT_EQ(Emulate(0xd61f00e0, SomeRegs()).pc, 0x8000u);   // br x7
  EXPECT_EQ(Emulate(0xd65f03c0, SomeRegs()).pc, 0x1f000u);  // ret

  PtRegs blr = Emulate(0xd63f03c0, SomeRegs());  // blr x30
  EXPECT_EQ(blr.pc, 0x1f000u);
  EXPECT_EQ(blr.x[30], kFunction + 4);
}

TEST(ProbedInsnTest, BranchesOnEveryCondition) {
  // b.<condition> .+8 with each condition on each set of flags, against the
  // manual's table of conditions.
  for (unsigned flags = 0; flags < 16; ++flags) {
    const bool n = flags & 8, z = flags & 4, c = flags & 2, v = flags & 1;
    const bool holds[16] = {
        z,    !z,      c,          !c,     n,      !n,           v,
        !v,   c && !z, !(c && !z), n == v, n != v, !z && n == v, z || n != v,
        true, true};
    for (unsigned condition = 0; condition < 16; ++condition) {
      PtRegs regs = SomeRegs();
      regs.pstate |= uint64_t{flags} << 28;

      regs = Emulate(0x54000040 | condition, regs);

      EXPECT_EQ(regs.pc, kFunction + (holds[condition] ? 8 : 4))
          << "flags " << flags << " condition " << condition;
    }
  }
}

TEST(ProbedInsnTest, ComparesWithZeroInTheRightWidth) {
  PtRegs regs = SomeRegs();
  regs.x[3] = uint64_t{1} << 32;

  EXPECT_EQ(Emulate(0x34000083, regs).pc, kFunction + 16);  // cbz w3, .+16
  EXPECT_EQ(Emulate(0xb5ffff83, regs).pc, kFunction - 16);  // cbnz x3, .-16
  regs.x[3] = 0;
  EXPECT_EQ(Emulate(0xb5ffff83, regs).pc, kFunction + 4);
  regs.x[3] = 1;
  EXPECT_EQ(Emulate(0x34000083, regs).pc, kFunction + 4);
}

TEST(ProbedInsnTest, TestsBits) {
  PtRegs regs = SomeRegs();
  regs.x[5] = uint64_t{1} << 40;

  EXPECT_EQ(Emulate(0xb6400105, regs).pc, kFunction + 4);  // tbz x5, #40
  EXPECT_EQ(Emulate(0x37180105, regs).pc, kFunction + 4);  // tbnz w5, #3
  regs.x[5] = 8;
  EXPECT_EQ(Emulate(0xb6400105, regs).pc, kFunction + 32);
  EXPECT_EQ(Emulate(0x37180105, regs).pc, kFunction + 32);
}

TEST(ProbedInsnTest, MakesAddresses) {
  // adr x1, .+12; adrp x1, three pages on
  EXPECT_EQ(Emulate(0x10000061, SomeRegs()).x[1], kFunction + 12);
  EXPECT_EQ(Emulate(0xf0000001, SomeRegs()).x[1],
            (kFunction & ~uint64_t{0xfff}) + 0x3000);
}

TEST(ProbedInsnTest, LoadsLiterals) {
  // At a place of this process, so that the literal can be read.
  struct {
    uint32_t insn;
    uint32_t padding[3];
    uint64_t literal;
  } text = {0, {}, 0xfedc'ba98'8765'4321};
  const auto load = [&](uint32_t insn) {
    text.insn = insn;
    Result<ProbePlan> plan = ProbedInsn::Plan(
        ConstBytes(reinterpret_cast<const uint8_t*>(&text), sizeof(text)),
        reinterpret_cast<uint64_t>(&text), 0, 0);
    EXPECT_TRUE(plan.ok());
    PtRegs regs = SomeRegs();
    ProbedInsn::Emulate(*plan, Opaque(regs));
    return regs.x[2];
  };

  EXPECT_EQ(load(0x58000082), 0xfedc'ba98'8765'4321u);  // ldr x2, .+16
  EXPECT_EQ(load(0x18000082), 0x8765'4321u);            // ldr w2, .+16
  EXPECT_EQ(load(0x98000082), 0xffff'ffff'8765'4321u);  // ldrsw x2, .+16
  EXPECT_EQ(load(0xd8000080), 0x3000u);                 // prfm: nothing
}

TEST(ProbedInsnTest, StepsWhatDoesNotDependOnItsPlace) {
  for (uint32_t word : {
           0xaa020021u,  // orr x1, x1, x2
           0xa9400440u,  // ldp x0, x1, [x2]
           0xc8dffc20u,  // ldar x0, [x1]
           0xd503233fu,  // paciasp
           0xd5033b9fu,  // dsb ish
           0xd5033fdfu,  // isb
           0xd503323fu,  // dsb oshnxs
           0xd50330ffu,  // sb
           0xd50b7b20u,  // dc cvau, x0
           0xd538d080u,  // mrs x0, tpidr_el1
           0x1e622820u,  // fadd d0, d1, d2
       }) {
    Result<ProbePlan> plan = PlanOf({word});
    ASSERT_TRUE(plan.ok()) << std::hex << word;
    EXPECT_EQ(plan->method, ProbeMethod::kStep) << std::hex << word;
    EXPECT_EQ(memcmp(plan->slot, &word, 4), 0);
    EXPECT_EQ(plan->step_trap_offset, 4);
    alignas(4) uint8_t second[4];
    memcpy(second, plan->slot + 4, 4);
    EXPECT_TRUE(Breakpoint::IsAt(second));
  }
}

TEST(ProbedInsnTest, AStepMasksInterruptsAndGivesThemBack) {
  Result<ProbePlan> plan = PlanOf({0xaa020021});
  ASSERT_TRUE(plan.ok());
  PtRegs regs = SomeRegs();
  regs.pstate = 0x45;  // fast interrupts masked alone
  machine::StepState state;

  ProbedInsn::BeginStep(*plan, 0x5000, Opaque(regs), state);
  EXPECT_EQ(regs.pc, 0x5000u);
  EXPECT_EQ(regs.pstate, 0x3c5u);
  regs.pstate |= kPstateZero;  // the step's own effect stays
  ProbedInsn::EndStep(*plan, 0x5000, state, Opaque(regs));

  EXPECT_EQ(regs.pc, kFunction + 4);
  EXPECT_EQ(regs.pstate, kPstateZero | 0x45u);
}

TEST(ProbedInsnTest, RefusesWhatMayNotBeProbed) {
  for (uint32_t word : {
           0xc85f7c20u,  // ldxr
           0xc8027c20u,  // stxr
           0xd4000001u,  // svc
           0xd4200020u,  // brk
           0xd69f03e0u,  // eret
           0xd50041bfu,  // msr spsel
           0xd5386000u,  // mrs x0, far_el1
           0xd503307fu,  // tcommit
           0xd503303fu,  // a barrier that there is not
           0xc9407c20u,  // ldtxr
           0xc9027c20u,  // sttxr
           0xd518d080u,  // msr tpidr_el1
           0xd503207fu,  // wfi
           0x9c000080u,  // ldr q0, literal
           0x00000000u,  // udf
           0xdac1a3feu,  // paciasppc
           0x19010440u,  // cpyfp [x0]!, [x1]!, x2!
           0x1d810440u,  // cpye
           0x19c20420u,  // setp [x0]!, x1!, x2
           0x74c00020u,  // cbgt, which is too new
       }) {
    EXPECT_EQ(PlanOf({word}).status(), Status::kInvalid) << std::hex << word;
  }
}

TEST(ProbedInsnTest, RefusesWhatIsBetweenExclusiveAccesses) {
  // ldxr x0, [x1]; mov x1, x2; stxr w2, x0, [x1]; mov x1, x2
  const std::vector<uint32_t> code = {0xc85f7c20, 0xaa0203e1, 0xc8027c20,
                                      0xaa0203e1};

  EXPECT_EQ(PlanOf(code, 4).status(), Status::kInvalid);
  EXPECT_TRUE(PlanOf(code, 12).ok());
  // The same with ldtxr and sttxr, as a kernel reaches user memory.
  EXPECT_EQ(PlanOf({0xc9407c20, 0xaa0203e1, 0xc9027c20}, 4).status(),
            Status::kInvalid);
}

TEST(ProbedInsnTest, TellsTheMiddleOfAnInstruction) {
  const std::vector<uint32_t> code = {0xaa0203e1, 0xaa0203e1};

  EXPECT_EQ(PlanOf(code, 2).status(), Status::kBadSequence);
  EXPECT_TRUE(PlanOf(code, 4).ok());
  EXPECT_EQ(PlanOf(code, 8).status(), Status::kInvalid);
}

}  // namespace
}  // namespace ebpf::aarch64

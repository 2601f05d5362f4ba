// SPDX-License-Identifier: MIT
//
// Encodings are what LLVM's assembler makes of the instruction beside them.
#include "arch/riscv64/probed_insn.h"

#include <functional>
#include <string.h>
#include <vector>

#include "arch/riscv64/breakpoint.h"
#include "arch/riscv64/machine_ops.h"
#include "gtest/gtest.h"

namespace ebpf::riscv64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

constexpr uint64_t kFunction = 0x80201000;
constexpr uint32_t kFullStub =
    machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap;
constexpr unsigned kA0 = 10;
constexpr unsigned kA1 = 11;

/// The bytes of instructions; those above 16 bits have 4.
std::vector<uint8_t> Code(const std::vector<uint32_t>& insns) {
  std::vector<uint8_t> code;
  for (const uint32_t insn : insns) {
    const unsigned size = (insn & 3) == 3 ? 4 : 2;
    for (unsigned i = 0; i < size; ++i) {
      code.push_back(static_cast<uint8_t>(insn >> (8 * i)));
    }
  }
  return code;
}

Result<ProbePlan> PlanOf(const std::vector<uint32_t>& insns, size_t offset = 0,
                         uint32_t trap_stub = kFullStub) {
  const std::vector<uint8_t> code = Code(insns);
  return ProbedInsn::Plan(ConstBytes(code.data(), code.size()), kFunction,
                          offset, trap_stub);
}

/// Register i holds 0x1000 * i; sp points into `stack`.
struct Machine {
  Machine() {
    for (unsigned i = 1; i < 32; ++i) {
      Reg(regs, i) = 0x1000 * i;
    }
    for (unsigned i = 0; i < 600; ++i) {
      stack[i] = 0xabcd'0000 + i;
    }
    Reg(regs, kSp) = reinterpret_cast<uint64_t>(stack + 200);
    regs.epc = kFunction;
    regs.status = kStatusSpie;
  }
  uint64_t& Sp() { return Reg(regs, kSp); }

  PtRegs regs = {};
  uint64_t stack[600];
};

/// Emulates `insn` and compares all with what `expect` makes of the state.
void ExpectEmulation(uint32_t insn,
                     const std::function<void(Machine&)>& expect) {
  SCOPED_TRACE(testing::Message() << std::hex << insn);
  const Result<ProbePlan> plan = PlanOf({insn});
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->method, ProbeMethod::kEmulate);
  Machine machine;
  Machine expected;
  expected.Sp() = machine.Sp();
  expected.regs.epc += (insn & 3) == 3 ? 4 : 2;
  expect(expected);
  ProbedInsn::Emulate(*plan, Opaque(machine.regs));
  for (unsigned i = 1; i < 32; ++i) {
    EXPECT_EQ(Reg(machine.regs, i), Reg(expected.regs, i)) << "x" << i;
  }
  EXPECT_EQ(machine.regs.epc, expected.regs.epc);
  EXPECT_EQ(machine.regs.status, expected.regs.status);
  EXPECT_EQ(memcmp(machine.stack, expected.stack, sizeof(machine.stack)), 0);
}

void ExpectRegister(uint32_t insn, unsigned reg, uint64_t value) {
  ExpectEmulation(insn, [&](Machine& m) { Reg(m.regs, reg) = value; });
}

void ExpectJump(uint32_t insn, uint64_t target, unsigned link = 0) {
  ExpectEmulation(insn, [&](Machine& m) {
    if (link != 0) {
      Reg(m.regs, link) = m.regs.epc;
    }
    m.regs.epc = target;
  });
}

void ExpectNothing(uint32_t insn) {
  ExpectEmulation(insn, [](Machine&) {});
}

TEST(ProbedInsnTest, EmulatesConstantsAndAdditions) {
  ExpectNothing(0x0001);                                     // c.nop
  ExpectNothing(0x00000013);                                 // nop
  ExpectRegister(0x556d, kA0, ~uint64_t{4});                 // c.li a0, -5
  ExpectRegister(0x5501, kA0, ~uint64_t{31});                // c.li a0, -32
  ExpectRegister(0x852e, kA0, 0xb000);                       // c.mv a0, a1
  ExpectRegister(0x7ff58513, kA0, 0xb000 + 2047);            // addi
  ExpectRegister(0x80000537, kA0, 0xffff'ffff'8000'0000);    // lui a0, 0x80000
  ExpectRegister(0x7585, kA1, 0xffff'ffff'fffe'1000);        // c.lui
  ExpectRegister(0x667d, 12, 0x1f000);                       // c.lui a2, 31
  ExpectRegister(0x80000517, kA0, kFunction - 0x8000'0000);  // auipc a0
  ExpectRegister(0x12345297, 5, kFunction + 0x1234'5000);    // auipc t0
}

TEST(ProbedInsnTest, EmulatesWhatMovesTheStack) {
  const auto moves = [](int64_t by) {
    return [by](Machine& m) { m.Sp() += static_cast<uint64_t>(by); };
  };
  ExpectEmulation(0x1101, moves(-32));      // c.addi sp, -32
  ExpectEmulation(0x1141, moves(-16));      // c.addi sp, -16
  ExpectEmulation(0x7139, moves(-64));      // c.addi16sp sp, -64
  ExpectEmulation(0x617d, moves(496));      // c.addi16sp sp, 496
  ExpectEmulation(0x1fe8, [](Machine& m) {  // c.addi4spn a0, sp, 1020
    Reg(m.regs, kA0) = m.Sp() + 1020;
  });
  ExpectEmulation(0x0044, [](Machine& m) {  // c.addi4spn s1, sp, 4
    Reg(m.regs, 9) = m.Sp() + 4;
  });
}

TEST(ProbedInsnTest, EmulatesSavingAndLoadingOfRegisters) {
  ExpectEmulation(0xec06, [](Machine& m) {  // c.sdsp ra, 24(sp)
    m.stack[203] = 0x1000;
  });
  ExpectEmulation(0xe406, [](Machine& m) {  // c.sdsp ra, 8(sp)
    m.stack[201] = 0x1000;
  });
  ExpectEmulation(0xffa2, [](Machine& m) {  // c.sdsp s0, 504(sp)
    m.stack[263] = 0x8000;
  });
  ExpectRegister(0x60a2, kRa, 0xabcd'0000 + 201);    // c.ldsp ra, 8(sp)
  ExpectRegister(0x757e, kA0, 0xabcd'0000 + 263);    // c.ldsp a0, 504(sp)
  ExpectRegister(0x7f813403, 8, 0xabcd'0000 + 455);  // ld s0, 2040(sp)
}

TEST(ProbedInsnTest, EmulatesJumps) {
  ExpectJump(0x001000ef, kFunction + 2048, kRa);  // jal ra, .+2048
  ExpectJump(0x8000006f, kFunction - 0x100000);   // jal zero
  ExpectJump(0xb001, kFunction - 2048);           // c.j
  ExpectJump(0xaffd, kFunction + 2046);
  ExpectJump(0xffd780e7, 0xf000 - 4, kRa);  // jalr ra, -3(a5): an even address
  ExpectJump(0x9082, 0x1000, kRa);          // c.jalr ra: target before link
  ExpectJump(0x8782, 0xf000);               // c.jr a5
  ExpectJump(0x9782, 0xf000, kRa);          // c.jalr a5
  ExpectJump(0x8082, 0x1000);               // ret
}

TEST(ProbedInsnTest, EmulatesBranches) {
  // a0 < a1 here, both ways.
  ExpectNothing(0x7eb50fe3);                 // beq
  ExpectJump(0x80b51063, kFunction - 4096);  // bne
  ExpectJump(0x00b54863, kFunction + 16);    // blt
  ExpectNothing(0x00b55863);                 // bge
  ExpectJump(0x00b56863, kFunction + 16);    // bltu
  ExpectNothing(0x00b57863);                 // bgeu
  ExpectNothing(0xcd7d);                     // c.beqz a0
  ExpectJump(0xf101, kFunction - 256);       // c.bnez a0
}

TEST(ProbedInsnTest, BranchesCompareWithAndWithoutSign) {
  struct Case {
    uint32_t insn;
    uint64_t a0, a1;
    bool taken;
  };
  constexpr uint64_t kMinusOne = ~uint64_t{0};
  for (const Case& c : {
           Case{0x7eb50fe3, 5, 5, true},          // beq
           Case{0x80b51063, 5, 5, false},         // bne
           Case{0x00b54863, kMinusOne, 0, true},  // blt
           Case{0x00b54863, 5, 5, false},
           Case{0x00b55863, kMinusOne, 0, false},  // bge
           Case{0x00b55863, 5, 5, true},
           Case{0x00b56863, kMinusOne, 0, false},  // bltu
           Case{0x00b56863, 0, kMinusOne, true},
           Case{0x00b57863, kMinusOne, 0, true},                    // bgeu
           Case{0x00b57863, 5, 5, true}, Case{0xcd7d, 0, 5, true},  // c.beqz
           Case{0xf101, 0, 5, false},                               // c.bnez
       }) {
    const Result<ProbePlan> plan = PlanOf({c.insn});
    ASSERT_TRUE(plan.ok());
    Machine machine;
    Reg(machine.regs, kA0) = c.a0;
    Reg(machine.regs, kA1) = c.a1;
    ProbedInsn::Emulate(*plan, Opaque(machine.regs));
    EXPECT_EQ(machine.regs.epc != kFunction + plan->insn_size, c.taken)
        << std::hex << c.insn << " " << c.a0;
  }
}

TEST(ProbedInsnTest, StepsTheStackPointerWhereTheStubCannotSetIt) {
  for (const uint32_t insn : {0x1101u, 0x7139u, 0x812eu}) {
    const Result<ProbePlan> plan = PlanOf({insn}, 0, 0);
    ASSERT_TRUE(plan.ok());
    EXPECT_EQ(plan->method, ProbeMethod::kStep) << std::hex << insn;
    EXPECT_EQ(plan->slot_size, 4);
    EXPECT_EQ(plan->step_trap_offset, 2);
    EXPECT_TRUE(Breakpoint::IsAt(plan->slot + 2));
    EXPECT_TRUE(PlanOf({insn})->method == ProbeMethod::kEmulate);
  }
  EXPECT_EQ(PlanOf({0xec06}, 0, 0)->method, ProbeMethod::kEmulate);  // c.sdsp
}

TEST(ProbedInsnTest, StepsTheRest) {
  for (const uint32_t insn : {
           0x2505u,      // c.addiw a0, 1
           0x952eu,      // c.add a0, a1
           0x6188u,      // c.ld a0, 0(a1)
           0x00b6352fu,  // amoadd.d
           0x0330000fu,  // fence rw, rw
           0x02b50533u,  // mul
           0x2108u,      // c.fld
           0xfe813c23u,  // sd s0, -8(sp): the trap's frame lies there
       }) {
    const Result<ProbePlan> plan = PlanOf({insn});
    ASSERT_TRUE(plan.ok()) << std::hex << insn;
    const unsigned size = (insn & 3) == 3 ? 4 : 2;
    EXPECT_EQ(plan->method, ProbeMethod::kStep) << std::hex << insn;
    EXPECT_EQ(plan->insn_size, size);
    EXPECT_EQ(plan->breakpoint_size, size);
    EXPECT_EQ(plan->step_trap_offset, size);
    EXPECT_EQ(plan->slot_size, 2 * size);
    EXPECT_EQ(memcmp(plan->slot, &insn, size), 0);
  }
}

TEST(ProbedInsnTest, AStepMasksInterruptsAndGivesThemBack) {
  const Result<ProbePlan> plan = PlanOf({0x952e});
  for (const uint64_t interrupts : {uint64_t{0}, kStatusSpie}) {
    Machine machine;
    machine.regs.status = interrupts | 0x100;
    machine::StepState state;
    ProbedInsn::BeginStep(*plan, 0x5000, Opaque(machine.regs), state);
    EXPECT_EQ(machine.regs.epc, 0x5000u);
    EXPECT_EQ(machine.regs.status, 0x100u);
    machine.regs.status = 0x6100;  // the instruction made the FPU dirty
    ProbedInsn::EndStep(*plan, 0x5000, state, Opaque(machine.regs));
    EXPECT_EQ(machine.regs.epc, kFunction + 2);
    EXPECT_EQ(machine.regs.status, interrupts | 0x6100);
    ProbedInsn::BeginStep(*plan, 0x5000, Opaque(machine.regs), state);
    ProbedInsn::AbortStep(*plan, state, Opaque(machine.regs));
    EXPECT_EQ(machine.regs.epc, kFunction);
    EXPECT_EQ(machine.regs.status, interrupts | 0x6100);
  }
}

TEST(ProbedInsnTest, RefusesWhatMayNotBeProbed) {
  for (const uint32_t insn : {
           0x0000100fu,  // fence.i
           0x00000073u,  // ecall
           0x00100073u,  // ebreak
           0x9002u,      // c.ebreak
           0x10500073u,  // wfi
           0x10200073u,  // sret
           0x10002573u,  // csrr a0, sstatus
           0x12000073u,  // sfence.vma
           0x1005b52fu,  // lr.d
           0x18a5b62fu,  // sc.d
           0x0000u,      // c.unimp
           0x8002u,      // c.jr x0: reserved
           0x00b52863u,  // a branch with a reserved condition
           0x00009567u,  // jalr with a reserved function
           0x0000500bu,  // custom-0
           0x0000502bu,  // custom-1
           0x0005555bu,  // custom-2: Andes' bbc, a branch
           0x0000007bu,  // custom-3
           0x0000006bu,  // reserved
       }) {
    EXPECT_EQ(PlanOf({insn}).status(), Status::kInvalid) << std::hex << insn;
  }
  // A jump that links to sp, where the stub cannot set it: jalr sp, 0(a0).
  EXPECT_EQ(PlanOf({0x00050167}, 0, 0).status(), Status::kInvalid);
}

TEST(ProbedInsnTest, RefusesWhatIsBetweenReservationAndStore) {
  // c.mv; lr.d; c.add; bne .+8; sc.d; c.bnez; c.mv
  const std::vector<uint32_t> code = {
      0x852e, 0x1005b52f, 0x952e, 0x00b51463, 0x18a5b62f, 0xf101, 0x852e};
  EXPECT_TRUE(PlanOf(code, 0).ok());
  EXPECT_EQ(PlanOf(code, 2).status(), Status::kInvalid);
  EXPECT_EQ(PlanOf(code, 6).status(), Status::kInvalid);
  EXPECT_EQ(PlanOf(code, 8).status(), Status::kInvalid);
  EXPECT_EQ(PlanOf(code, 12).status(), Status::kInvalid);
  EXPECT_TRUE(PlanOf(code, 16).ok());
  EXPECT_TRUE(PlanOf(code, 18).ok());
}

TEST(ProbedInsnTest, TellsTheMiddleOfAnInstruction) {
  const std::vector<uint32_t> code = {0x1141, 0x7ff58513, 0x8082};
  for (size_t offset = 0; offset < 8; ++offset) {
    const bool boundary = offset == 0 || offset == 2 || offset == 6;
    EXPECT_EQ(PlanOf(code, offset).status(),
              boundary ? Status::kOk : Status::kBadSequence)
        << offset;
  }
  EXPECT_EQ(PlanOf(code, 8).status(), Status::kInvalid);
  const std::vector<uint8_t> cut = {0x13, 0x85};  // half of an addi
  EXPECT_EQ(
      ProbedInsn::Plan(ConstBytes(cut.data(), 2), kFunction, 0, 0).status(),
      Status::kBadSequence);
  const std::vector<uint8_t> odd = {0x01};
  EXPECT_EQ(
      ProbedInsn::Plan(ConstBytes(odd.data(), 1), kFunction, 0, 0).status(),
      Status::kBadSequence);
  // 48 bits and more.
  EXPECT_EQ(PlanOf({0x0000001f, 0x0001}).status(), Status::kBadSequence);
}

TEST(BreakpointTest, CoversACompressedInstructionExactly) {
  constexpr uint8_t kCAddi[] = {0x41, 0x11};
  constexpr uint8_t kAddi[] = {0x13, 0x85, 0xf5, 0x7f};
  EXPECT_EQ(Breakpoint::Opcode(kCAddi).size(), 2u);
  EXPECT_EQ(Breakpoint::Opcode(kAddi).size(), 4u);
  EXPECT_EQ(Breakpoint::AddressOf(0x8000'1234), 0x8000'1234u);
  EXPECT_TRUE(Breakpoint::IsAt(Breakpoint::kCEbreak));
  EXPECT_TRUE(Breakpoint::IsAt(Breakpoint::kEbreak));
  EXPECT_FALSE(Breakpoint::IsAt(kAddi));
  constexpr uint8_t kEcall[] = {0x73, 0, 0, 0};
  EXPECT_FALSE(Breakpoint::IsAt(kEcall));
}

TEST(MachineOpsTest, NamesWhatThereIs) {
  EXPECT_STREQ(kMachineOps.name, "riscv64");
  EXPECT_EQ(kMachineOps.pt_regs_size, 288u);
  EXPECT_EQ(kMachineOps.user_regs_size, 256u);
  const auto emulate = reinterpret_cast<uint64_t>(&ProbedInsn::Emulate);
  EXPECT_TRUE(IsNoprobe(emulate, 1));
}

}  // namespace
}  // namespace ebpf::riscv64

// SPDX-License-Identifier: MIT
//
// What can be probed and how; testing/probes/step_equality_test.cc runs it.
#include "arch/x86_64/probed_insn.h"

#include <string.h>
#include <vector>

#include "arch/x86_64/breakpoint.h"
#include "arch/x86_64/emulation.h"
#include "arch/x86_64/machine_ops.h"
#include "gtest/gtest.h"

namespace ebpf::x86_64 {
namespace {

using machine::ProbeMethod;
using machine::ProbePlan;

constexpr uint64_t kFunction = 0xffff'8000'0010'0000;
constexpr uint32_t kFullStub =
    machine::kTrapStubSetsSp | machine::kTrapStubLeavesGap;

Result<ProbePlan> PlanOf(const std::vector<uint8_t>& code, size_t offset = 0,
                         uint32_t trap_stub = kFullStub) {
  return ProbedInsn::Plan(ConstBytes(code.data(), code.size()), kFunction,
                          offset, trap_stub);
}

TEST(ProbedInsnTest, TellsTheMiddleOfAnInstruction) {
  // push rbp; mov rbp, rsp; sub rsp, 0x90; ret
  const std::vector<uint8_t> code = {0x55, 0x48, 0x89, 0xe5, 0x48, 0x81,
                                     0xec, 0x90, 0,    0,    0,    0xc3};
  for (size_t offset = 0; offset < code.size(); ++offset) {
    const bool boundary =
        offset == 0 || offset == 1 || offset == 4 || offset == 11;
    EXPECT_EQ(PlanOf(code, offset).status(),
              boundary ? Status::kOk : Status::kBadSequence)
        << offset;
  }
  EXPECT_EQ(PlanOf(code, 12).status(), Status::kInvalid);
  EXPECT_EQ(PlanOf(code, SIZE_MAX).status(), Status::kInvalid);
}

TEST(ProbedInsnTest, StopsAtWhatItCannotDecode) {
  const std::vector<uint8_t> code = {0x06, 0x90, 0x90};
  EXPECT_EQ(PlanOf(code, 0).status(), Status::kBadSequence);
  EXPECT_EQ(PlanOf(code, 1).status(), Status::kBadSequence);
  EXPECT_EQ(PlanOf({0x48, 0x89}, 0).status(), Status::kBadSequence);  // cut off
}

TEST(ProbedInsnTest, RefusesWhatMayNotBeProbed) {
  for (const std::vector<uint8_t>& insn : std::vector<std::vector<uint8_t>>{
           {0xcc},                          // int3
           {0xcd, 0x80},                    // int
           {0xf1},                          // int1
           {0xcf},                          // iret
           {0x48, 0xcf},                    // iretq
           {0xcb},                          // far ret
           {0xf4},                          // hlt
           {0xff, 0x18},                    // far call
           {0xff, 0x28},                    // far jmp
           {0x8e, 0xd0},                    // mov ss, eax
           {0x8e, 0xe8},                    // mov gs, eax
           {0x0f, 0xa9},                    // pop gs
           {0x0f, 0xb2, 0x00},              // lss
           {0x0f, 0x05},                    // syscall
           {0x0f, 0x07},                    // sysret
           {0x0f, 0x0b},                    // ud2
           {0x0f, 0xb9, 0xc0},              // ud1
           {0x0f, 0xff, 0xc0},              // ud0
           {0x0f, 0x01, 0xf8},              // swapgs
           {0x0f, 0x01, 0xc2},              // vmlaunch
           {0x0f, 0x01, 0xc9},              // mwait
           {0xf2, 0x0f, 0x01, 0xca},        // erets; clac without F2
           {0xf3, 0x0f, 0x01, 0xca},        // eretu
           {0xf3, 0x0f, 0x01, 0xee},        // clui; rdpkru without F3
           {0xf3, 0x48, 0x0f, 0x01, 0xef},  // stui
           {0xf2, 0x0f, 0x01, 0xc1},        // vmcall has no prefix
           {0x66, 0x0f, 0x01, 0xcb},        // nor has stac
           {0x0f, 0x01, 0x18},              // lidt
           {0x0f, 0x22, 0xd8},              // mov cr3, rax
           {0xf3, 0x0f, 0xae, 0xd8},        // wrgsbase
           {0xc7, 0xf8, 0, 0, 0, 0},        // xbegin
           {0xfb, 0xf4},                    // sti; hlt
           {0xfb},                          // sti, and who knows what
           {0x67, 0xe2, 0x10},              // loop, counting in ecx
           {0x66, 0xc3},                    // ret with prefix 66
           {0x67, 0x8b, 0x05, 0, 0, 0, 0},  // mov eax, [eip + 0]
       }) {
    EXPECT_EQ(PlanOf(insn).status(), Status::kInvalid)
        << int{insn[0]} << " " << insn.size();
  }
}

TEST(ProbedInsnTest, TakesCallsThatArePaddedWithPrefixes) {
  // As linkers expect calls of __tls_get_addr: REX.W makes 66 of no effect.
  const std::vector<uint8_t> code = {0x66, 0x66, 0x48, 0xe8, 0x10,
                                     0,    0,    0,    0x90};
  const Result<ProbePlan> plan = PlanOf(code);
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->insn_size, 8);
  EXPECT_EQ(plan->operand, kFunction + 8 + 0x10);
  EXPECT_TRUE(PlanOf(code, 8).ok());
  const std::vector<uint8_t> via = {0x66, 0x48, 0xff, 0x15, 0x10, 0, 0, 0};
  EXPECT_EQ(PlanOf(via)->method, ProbeMethod::kStep);
  EXPECT_EQ(PlanOf({0x66, 0xe8, 0, 0, 0, 0}).status(), Status::kBadSequence);
  EXPECT_EQ(PlanOf({0x66, 0xff, 0x15, 0, 0, 0, 0}).status(), Status::kInvalid);
}

TEST(ProbedInsnTest, RefusesTheInstructionBehindALoadOfSs) {
  // The CPU holds back debug exceptions until the next one has run.
  const std::vector<uint8_t> mov = {0x8e, 0xd0, 0x48, 0x89, 0xc4, 0x90};
  EXPECT_EQ(PlanOf(mov, 2).status(), Status::kInvalid);
  EXPECT_TRUE(PlanOf(mov, 5).ok());
  const std::vector<uint8_t> lss = {0x48, 0x0f, 0xb2, 0x20, 0x90, 0x90};
  EXPECT_EQ(PlanOf(lss, 4).status(), Status::kInvalid);
  EXPECT_TRUE(PlanOf(lss, 5).ok());
  // Another segment.
  EXPECT_TRUE(PlanOf({0x8e, 0xd8, 0x90}, 2).ok());
}

TEST(ProbedInsnTest, TakesTheInstructionBehindStiButStiOnlyWhereItMay) {
  // Interrupts come after the instruction behind sti, probed or not.
  const std::vector<uint8_t> code = {0xfb, 0x90, 0x90};
  EXPECT_EQ(PlanOf(code, 0)->method, ProbeMethod::kEmulate);
  EXPECT_TRUE(PlanOf(code, 1).ok());
  EXPECT_EQ(PlanOf({0xfb, 0xf4}, 0).status(), Status::kInvalid);
  EXPECT_EQ(PlanOf({0xfb, 0xf4}, 1).status(), Status::kInvalid);
}

TEST(ProbedInsnTest, SomebodyElsesBreakpointIsNoPlaceButHidesNothing) {
  // int3 as compilers put it between functions, or behind ret.
  const std::vector<uint8_t> code = {0xc3, 0xcc, 0xcc, 0x90};
  EXPECT_EQ(PlanOf(code, 1).status(), Status::kInvalid);
  EXPECT_EQ(PlanOf(code, 2).status(), Status::kInvalid);
  EXPECT_TRUE(PlanOf(code, 3).ok());
}

TEST(ProbedInsnTest, StepsSystemInstructionsThatDoNotMindTheSlot) {
  for (const std::vector<uint8_t>& insn :
       std::vector<std::vector<uint8_t>>{{0x0f, 0x01, 0xca},        // clac
                                         {0x0f, 0x01, 0xcb},        // stac
                                         {0x0f, 0x01, 0xc1},        // vmcall
                                         {0xf3, 0x0f, 0x01, 0xd9},  // vmgexit
                                         {0x66, 0x0f, 0x01, 0xe0},  // smsw ax
                                         {0x0f, 0x01, 0xef},        // wrpkru
                                         {0x0f, 0x32}}) {           // rdmsr
    const Result<ProbePlan> plan = PlanOf(insn);
    ASSERT_TRUE(plan.ok()) << int{insn[1]} << " " << insn.size();
    EXPECT_EQ(plan->method, ProbeMethod::kStep);
  }
}

TEST(ProbedInsnTest, TakesAHypervisorsPrefixAndItsInstructionForOne) {
  // ud2, "xen" or "kvm", cpuid, nop: a breakpoint in place of cpuid would be
  // what the hypervisor emulates.
  for (const std::vector<uint8_t>& code : std::vector<std::vector<uint8_t>>{
           {0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2, 0x90},
           {0x0f, 0x0b, 'k', 'v', 'm', 0x0f, 0xa2, 0x90}}) {
    EXPECT_EQ(PlanOf(code, 0).status(), Status::kInvalid);
    for (size_t offset = 1; offset < 7; ++offset) {
      EXPECT_EQ(PlanOf(code, offset).status(), Status::kBadSequence) << offset;
    }
    EXPECT_TRUE(PlanOf(code, 7).ok());
  }
  // ud2 alone is an instruction.
  EXPECT_TRUE(PlanOf({0x0f, 0x0b, 0x90, 0x90, 0x90, 0x90}, 2).ok());
}

TEST(ProbedInsnTest, EmulatesUsualEntriesWhereTheStubAllowsIt) {
  const std::vector<uint8_t> push = {0x55};
  EXPECT_EQ(PlanOf(push)->method, ProbeMethod::kEmulate);
  EXPECT_EQ(PlanOf(push, 0, machine::kTrapStubSetsSp)->method,
            ProbeMethod::kStep);
  const std::vector<uint8_t> sub = {0x48, 0x83, 0xec, 0x18};
  EXPECT_EQ(PlanOf(sub, 0, machine::kTrapStubSetsSp)->method,
            ProbeMethod::kEmulate);
  EXPECT_EQ(PlanOf(sub, 0, 0)->method, ProbeMethod::kStep);
  const std::vector<uint8_t> endbr = {0xf3, 0x0f, 0x1e, 0xfa};
  EXPECT_EQ(PlanOf(endbr, 0, 0)->method, ProbeMethod::kEmulate);
}

TEST(ProbedInsnTest, AStepMasksInterruptsAndGivesThemBack) {
  const Result<ProbePlan> plan = PlanOf({0x48, 0x0f, 0xaf, 0xfe});  // imul
  ASSERT_EQ(plan->method, ProbeMethod::kStep);
  ASSERT_EQ(plan->slot_size, 5);
  EXPECT_EQ(plan->step_trap_offset, 4);
  EXPECT_TRUE(Breakpoint::IsAt(plan->slot + 4));
  for (const uint64_t flags :
       {uint64_t{0}, kFlagInterrupt, kFlagTrap, kFlagInterrupt | kFlagTrap}) {
    PtRegs regs = {};
    regs.rflags = flags | kFlagZero;
    machine::StepState state;
    ProbedInsn::BeginStep(*plan, 0x5000, Opaque(regs), state);
    EXPECT_EQ(regs.rip, 0x5000u);
    EXPECT_EQ(regs.rflags, kFlagZero);
    regs.rip = 0x5005;
    regs.rflags = kFlagCarry;  // the instruction's own
    ProbedInsn::EndStep(*plan, 0x5000, state, Opaque(regs));
    EXPECT_EQ(regs.rip, kFunction + 4);
    EXPECT_EQ(regs.rflags, kFlagCarry | flags);
  }
}

TEST(ProbedInsnTest, AStepThatFaultsLeavesNoTrace) {
  // mov [rip + 16], rsi borrows rdi.
  const Result<ProbePlan> plan = PlanOf({0x48, 0x89, 0x35, 16, 0, 0, 0});
  ASSERT_EQ(plan->method, ProbeMethod::kStep);
  PtRegs regs = {};
  regs.rip = kFunction;
  regs.rdi = 1;
  regs.rsi = 2;
  regs.rflags = kFlagInterrupt;
  const PtRegs before = regs;
  machine::StepState state;
  ProbedInsn::BeginStep(*plan, 0x5000, Opaque(regs), state);
  EXPECT_EQ(regs.rdi, kFunction + 7);
  EXPECT_EQ(regs.rsi, 2u);
  ProbedInsn::AbortStep(*plan, state, Opaque(regs));
  EXPECT_EQ(memcmp(&regs, &before, sizeof(regs)), 0);
}

TEST(ProbedInsnTest, ChangesInterruptsAsTheInstructionWould) {
  PtRegs regs = {};
  regs.rflags = kFlagInterrupt | kFlagZero;
  ProbedInsn::Emulate(*PlanOf({0xfa}), Opaque(regs));  // cli
  EXPECT_EQ(regs.rflags, kFlagZero);
  ProbedInsn::Emulate(*PlanOf({0xfb, 0x90}), Opaque(regs));  // sti; nop
  EXPECT_EQ(regs.rflags, kFlagInterrupt | kFlagZero);
  uint64_t stack[2] = {kFlagCarry | kFlagResume, 0};
  regs.rsp = reinterpret_cast<uint64_t>(stack);
  ProbedInsn::Emulate(*PlanOf({0x9d}), Opaque(regs));  // popf
  EXPECT_EQ(regs.rflags, kFlagCarry);
  EXPECT_EQ(regs.rsp, reinterpret_cast<uint64_t>(stack + 1));
  regs.rflags = kFlagInterrupt | kFlagResume;
  ProbedInsn::Emulate(*PlanOf({0x9c}), Opaque(regs));  // pushf
  EXPECT_EQ(stack[0], kFlagInterrupt);
  EXPECT_EQ(PlanOf({0x9d}, 0, 0).status(), Status::kInvalid);
}

TEST(ProbedInsnTest, APushOfFlagsInASlotShowsThemUnmasked) {
  const Result<ProbePlan> plan = PlanOf({0x9c}, 0, 0);
  ASSERT_EQ(plan->method, ProbeMethod::kStep);
  uint64_t stack[1];
  PtRegs regs = {};
  regs.rflags = kFlagInterrupt | kFlagZero;
  regs.rsp = reinterpret_cast<uint64_t>(stack + 1);
  machine::StepState state;
  ProbedInsn::BeginStep(*plan, 0x5000, Opaque(regs), state);
  regs.rsp -= 8;
  stack[0] = regs.rflags;  // what the CPU does in the slot
  ProbedInsn::EndStep(*plan, 0x5000, state, Opaque(regs));
  EXPECT_EQ(stack[0], kFlagInterrupt | kFlagZero);
}

TEST(BreakpointTest, TrapReportsTheByteBehind) {
  EXPECT_EQ(Breakpoint::AddressOf(0x1001), 0x1000u);
  EXPECT_EQ(Breakpoint::Opcode(ConstBytes()).size(), 1u);
}

TEST(BreakpointTest, KnowsBothForms) {
  alignas(4096) static uint8_t page[4096];
  page[0] = 0x03;
  page[10] = 0xcc;
  page[20] = 0xcd;
  page[21] = 0x03;
  page[30] = 0x03;
  EXPECT_TRUE(Breakpoint::IsAt(page + 10));
  EXPECT_TRUE(Breakpoint::IsAt(page + 21));
  EXPECT_FALSE(Breakpoint::IsAt(page + 30));
  EXPECT_TRUE(Breakpoint::IsAt(page));  // cannot look before it
}

TEST(MachineOpsTest, NamesWhatThereIs) {
  EXPECT_STREQ(kMachineOps.name, "x86_64");
  EXPECT_EQ(kMachineOps.pt_regs_size, 168u);
  EXPECT_EQ(kMachineOps.user_regs_size, 168u);
  const auto emulate = reinterpret_cast<uint64_t>(&ProbedInsn::Emulate);
  EXPECT_TRUE(IsNoprobe(emulate, 1));
  const auto plan = reinterpret_cast<uint64_t>(&ProbedInsn::Plan);
  EXPECT_FALSE(IsNoprobe(plan, 1));
}

}  // namespace
}  // namespace ebpf::x86_64

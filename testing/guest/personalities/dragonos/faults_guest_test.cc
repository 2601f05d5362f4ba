// SPDX-License-Identifier: MIT
//
// The hook of faults of ports/dragonos on x86-64. Part of port_guest_test's
// image.
#include "arch/x86_64/pt_regs.h"
#include "core/capi/ebpf.h"
#include "core/platform/time.h"
#include "ports/dragonos/x86_64/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/test.h"

namespace guest {
namespace {

constinit int faults_seen = 0;
constinit bool masked_in_fault = false;

GUEST_TEST(DragonOsPort, TheHookOfFaultsMasksInterruptsWhateverTheGate) {
  dragonos_trap_frame frame = {};
  frame.rip = reinterpret_cast<uintptr_t>(&ebpf_port_time_ns);
  frame.cs = 0x08;
  faults_seen = 0;
  masked_in_fault = false;
  GUEST_EXPECT(!ebpf_dragonos_fault(&frame));
  GUEST_EXPECT_EQ(faults_seen, 1);
  GUEST_EXPECT(masked_in_fault);
  GUEST_EXPECT(machine::IrqsEnabled());
  // User space's are none of it.
  frame.cs = 0x33;
  GUEST_EXPECT(!ebpf_dragonos_fault(&frame));
  GUEST_EXPECT_EQ(faults_seen, 1);
}

using ebpf::x86_64::PtRegs;

/// Where a register is in the kernel's frame, and in ours.
struct Place {
  uint64_t dragonos_trap_frame::* in_frame;
  uint64_t PtRegs::* in_regs;
};
constexpr Place kPlaces[] = {
    {&dragonos_trap_frame::r15, &PtRegs::r15},
    {&dragonos_trap_frame::r14, &PtRegs::r14},
    {&dragonos_trap_frame::r13, &PtRegs::r13},
    {&dragonos_trap_frame::r12, &PtRegs::r12},
    {&dragonos_trap_frame::r11, &PtRegs::r11},
    {&dragonos_trap_frame::r10, &PtRegs::r10},
    {&dragonos_trap_frame::r9, &PtRegs::r9},
    {&dragonos_trap_frame::r8, &PtRegs::r8},
    {&dragonos_trap_frame::rbx, &PtRegs::rbx},
    {&dragonos_trap_frame::rcx, &PtRegs::rcx},
    {&dragonos_trap_frame::rdx, &PtRegs::rdx},
    {&dragonos_trap_frame::rsi, &PtRegs::rsi},
    {&dragonos_trap_frame::rdi, &PtRegs::rdi},
    {&dragonos_trap_frame::rbp, &PtRegs::rbp},
    {&dragonos_trap_frame::rax, &PtRegs::rax},
    {&dragonos_trap_frame::rip, &PtRegs::rip},
    {&dragonos_trap_frame::rflags, &PtRegs::rflags},
    {&dragonos_trap_frame::rsp, &PtRegs::rsp},
    {&dragonos_trap_frame::ss, &PtRegs::ss},
};

uint64_t Before(uint64_t i) { return 0x1111'0000'0000'0000 + 0x100 * i; }
uint64_t After(uint64_t i) { return 0x2222'0000'0000'0000 + 0x700 * i; }

constinit PtRegs fault_regs = {};
constinit bool change_registers = false;

void SeeAndChange(PtRegs& regs) {
  fault_regs = regs;
  uint64_t i = 0;
  for (const Place& place : kPlaces) {
    regs.*place.in_regs = After(i++);
  }
}

GUEST_TEST(DragonOsPort, TheHookOfFaultsSeesAndChangesEveryRegister) {
  dragonos_trap_frame frame = {};
  uint64_t i = 0;
  for (const Place& place : kPlaces) {
    frame.*place.in_frame = Before(i++);
  }
  frame.ds = 1;
  frame.es = 2;
  frame.func = 3;
  frame.errcode = 4;
  frame.cs = 0x08;
  change_registers = true;
  GUEST_EXPECT(!ebpf_dragonos_fault(&frame));
  change_registers = false;
  i = 0;
  for (const Place& place : kPlaces) {
    GUEST_EXPECT_EQ(fault_regs.*place.in_regs, Before(i));
    GUEST_EXPECT_EQ(frame.*place.in_frame, After(i));
    ++i;
  }
  GUEST_EXPECT_EQ(frame.ds, 1);
  GUEST_EXPECT_EQ(frame.es, 2);
  GUEST_EXPECT_EQ(frame.func, 3);
  GUEST_EXPECT_EQ(frame.errcode, 4);
}

}  // namespace
}  // namespace guest

extern "C" [[gnu::section("ebpf_noprobe")]] bool ebpf_on_fault(
    ebpf_pt_regs* regs) {
  if (guest::change_registers) {
    guest::SeeAndChange(*reinterpret_cast<ebpf::x86_64::PtRegs*>(regs));
  }
  ++guest::faults_seen;
  guest::masked_in_fault = !guest::machine::IrqsEnabled();
  return false;
}

extern "C" bool ebpf_fix_fault(ebpf_pt_regs* /*regs*/) { return false; }

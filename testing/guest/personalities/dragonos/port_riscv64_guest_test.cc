// SPDX-License-Identifier: MIT
//
// Tests of ports/dragonos that its own kernel makes necessary on RISC-V, on the
// kernel that plays it. core/selftest has what every port must do.
#include "arch/riscv64/pt_regs.h"
#include "core/base/atomic.h"
#include "core/base/noprobe.h"
#include "core/capi/ebpf.h"
#include "core/platform/cpu.h"
#include "core/platform/exec.h"
#include "core/platform/exec_pool.h"
#include "core/platform/may_probe.h"
#include "core/platform/nofault.h"
#include "core/platform/stack.h"
#include "core/platform/text.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/riscv64/kernel.h"
#include "ports/dragonos/services.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/dragonos/interruption.h"
#include "testing/guest/personalities/dragonos/user_space.h"

extern "C" {
// testing/guest/personalities/alien/all_registers.S
struct AllRegisters {
  uint64_t in[32];
  uint64_t out[32];
};
void BreakWithAllRegisters(AllRegisters* registers);
extern const char BreakWithAllRegistersAt[];
int PatchedFunction(void);
int StraddlingFunction(void);

void riscv64_do_irq(dragonos_trap_frame* frame);
}

namespace guest {

bool RunTests() {
  if (ebpf::dragonos::StartServices() != 0) {
    Panic("the port's services do not start");
  }
  return RunAllTests();
}

namespace {

using ebpf::riscv64::PtRegs;
using ebpf::riscv64::Reg;

/// What a breakpoint does in the test that runs; null: it is nobody's.
constinit bool (*on_breakpoint)(PtRegs& regs) = nullptr;
constinit int faults_seen = 0;

template <typename T>
uintptr_t AddressOf(T* object) {
  return reinterpret_cast<uintptr_t>(object);
}

// --- The trap ---------------------------------------------------------------

bool ChangeAllRegisters(PtRegs& regs) {
  if (regs.epc != AddressOf(BreakWithAllRegistersAt)) {
    return false;
  }
  for (unsigned i = 1; i < 32; ++i) {
    if (i != 2 && i != 4) {
      Reg(regs, i) ^= 0xffff'0000'ffff'0000;
    }
  }
  regs.epc += 4;
  return true;
}

GUEST_TEST(DragonOsPort, ATrapCanSeeAndChangeEveryRegister) {
  AllRegisters registers = {};
  for (unsigned i = 0; i < 32; ++i) {
    registers.in[i] = 0x0123'4567'89ab'cd00 + i;
  }
  on_breakpoint = ChangeAllRegisters;
  BreakWithAllRegisters(&registers);
  on_breakpoint = nullptr;
  for (unsigned i = 1; i < 32; ++i) {
    if (i != 2 && i != 4) {
      GUEST_EXPECT_EQ(registers.out[i],
                      registers.in[i] ^ 0xffff'0000'ffff'0000);
    }
  }
}

bool MoveStackDown(PtRegs& regs) {
  Reg(regs, ebpf::riscv64::kSp) -= Reg(regs, ebpf::riscv64::kA0);
  regs.epc += 4;
  return true;
}

/// By how much a breakpoint has moved sp down, where it is to be by `bytes`.
uint64_t MovedDown(uint64_t bytes) {
  uint64_t moved;
  asm volatile(
      "mv s1, sp\n"
      "mv a0, %[bytes]\n"
      ".option push\n"
      ".option norvc\n"
      "ebreak\n"
      ".option pop\n"
      "sub %[moved], s1, sp\n"
      "mv sp, s1\n"
      : [moved] "=&r"(moved)
      : [bytes] "r"(bytes)
      : "a0", "s1", "memory");
  return moved;
}

GUEST_TEST(DragonOsPort, ATrapCanMoveTheStackByAnyDistance) {
  on_breakpoint = MoveStackDown;
  for (uint64_t bytes = 0; bytes < 512; bytes += 16) {
    GUEST_EXPECT_EQ(MovedDown(bytes), bytes);
  }
  on_breakpoint = nullptr;
  // Nothing is left free below the interrupted sp.
  GUEST_EXPECT_EQ(ebpf_port_trap_stub(), EBPF_TRAP_STUB_SETS_SP);
}

bool MaskInterruptsOnReturn(PtRegs& regs) {
  regs.status &= ~ebpf::riscv64::kStatusSpie;
  regs.epc += 4;
  return true;
}

GUEST_TEST(DragonOsPort, ATrapCanReturnWithInterruptsMasked) {
  AllRegisters registers = {};
  on_breakpoint = MaskInterruptsOnReturn;
  BreakWithAllRegisters(&registers);
  on_breakpoint = nullptr;
  const bool enabled = machine::IrqsEnabled();
  machine::IrqEnable();
  GUEST_EXPECT(!enabled);
}

/// An exception with interrupts masked, as the CPU leaves them.
bool Except(dragonos_trap_frame& frame) {
  const uintptr_t irq = machine::IrqSave();
  const bool claimed = ebpf_dragonos_exception(&frame);
  machine::IrqRestore(irq);
  return claimed;
}

GUEST_TEST(DragonOsPort, WhatIsNobodysGoesOnToTheKernel) {
  constexpr uint64_t kFromSupervisor = 1 << 8;
  dragonos_trap_frame frame = {};
  frame.epc = AddressOf(&PatchedFunction);
  frame.status = kFromSupervisor;
  frame.cause = 3;
  GUEST_EXPECT(!Except(frame));  // an ebreak of somebody's
  GUEST_EXPECT_EQ(frame.epc, AddressOf(&PatchedFunction));
  constexpr uint64_t kFaults[] = {1, 2, 5, 7, 12, 13, 15};
  for (const uint64_t cause : kFaults) {
    frame.cause = cause;
    faults_seen = 0;
    GUEST_EXPECT(!Except(frame));
    GUEST_EXPECT_EQ(faults_seen, 1);
    // User space's are none of it.
    frame.status = 0;
    GUEST_EXPECT(!Except(frame));
    GUEST_EXPECT_EQ(faults_seen, 1);
    frame.status = kFromSupervisor;
  }
}

GUEST_TEST(DragonOsPort, AProcessesBreakpointsAreNotOurs) {
  dragonos_trap_frame frame = {};
  frame.epc = AddressOf(BreakWithAllRegistersAt);
  frame.cause = 3;
  on_breakpoint = ChangeAllRegisters;
  const bool claimed = Except(frame);
  on_breakpoint = nullptr;
  GUEST_EXPECT(!claimed);
}

// --- Text -----------------------------------------------------------------

/// addi a0, zero, number. [riscv/unpriv: ADDI]
constexpr uint32_t LoadA0(uint32_t number) { return number << 20 | 0x513; }
constexpr uint16_t kReturn = 0x8082;  // c.jr ra

struct Write {
  uintptr_t to;
  const void* bytes;
  size_t size;
};
int WriteNow(void* argument) {
  const auto* write = static_cast<const Write*>(argument);
  return ebpf_port_text_write(write->to, write->bytes, write->size);
}
int WriteText(uintptr_t to, const void* bytes, size_t size) {
  Write write = {to, bytes, size};
  int result = -1;
  const int status = ebpf_port_stop_machine(WriteNow, &write, &result);
  return status != 0 ? status : result;
}

GUEST_TEST(DragonOsPort, WritesTextWhereItLies) {
  for (uint32_t number = 2; number < 200; ++number) {
    const uint32_t insn = LoadA0(number);
    GUEST_ASSERT(WriteText(AddressOf(&PatchedFunction), &insn, 4) == 0);
    GUEST_ASSERT(PatchedFunction() == static_cast<int>(number));
  }
  const uint32_t insn = LoadA0(77);
  GUEST_ASSERT(AddressOf(&StraddlingFunction) % kPageSize == kPageSize - 2);
  GUEST_ASSERT(WriteText(AddressOf(&StraddlingFunction), &insn, 4) == 0);
  GUEST_EXPECT_EQ(StraddlingFunction(), 77);
}

GUEST_TEST(DragonOsPort, WritesTextOnlyWhileNothingElseRuns) {
  const uint32_t insn = LoadA0(1);
  Write write = {AddressOf(&PatchedFunction), &insn, 4};
  GUEST_EXPECT_EQ(WriteNow(&write), -16);
}

constinit uint32_t some_data = 42;

GUEST_TEST(DragonOsPort, RefusesToWriteWhatIsNotText) {
  const uint32_t insn = LoadA0(5);
  uint8_t many[65] = {};
  GUEST_EXPECT_EQ(WriteText(AddressOf(&some_data), &insn, 4), -14);
  GUEST_EXPECT_EQ(WriteText(0, &insn, 4), -14);
  GUEST_EXPECT_EQ(WriteText(dragonos_text().end - 2, &insn, 4), -14);
  GUEST_EXPECT_EQ(WriteText(AddressOf(&PatchedFunction), &insn, 0), -22);
  GUEST_EXPECT_EQ(WriteText(AddressOf(&PatchedFunction), many, 65), -22);
  // What of the pool nobody has.
  GUEST_EXPECT_EQ(WriteText(AddressOf(ebpf_exec_pool), &insn, 4), -14);
  GUEST_EXPECT_EQ(some_data, 42);
}

GUEST_TEST(DragonOsPort, OutlivesAKernelWhoseTextIsReadOnly) {
  // As on x86-64 since 2026-08.
  const uintptr_t page = AddressOf(&PatchedFunction) & ~(kPageSize - 1);
  const uint32_t insn = LoadA0(5);
  const uint32_t before =
      *reinterpret_cast<const volatile uint32_t*>(&PatchedFunction);
  GUEST_ASSERT(machine::Map(page, page, kPageSize, machine::kExecute));
  GUEST_EXPECT_EQ(WriteText(AddressOf(&PatchedFunction), &insn, 4), -14);
  GUEST_ASSERT(
      machine::Map(page, page, kPageSize, machine::kExecute | machine::kWrite));
  GUEST_EXPECT_EQ(*reinterpret_cast<const volatile uint32_t*>(&PatchedFunction),
                  before);
}

GUEST_TEST(DragonOsPort, DoesNotStopTheMachineInsideAnAtomicSection) {
  int result = 0;
  const auto masked = [](void* /*argument*/) {
    return machine::IrqsEnabled() ? 1 : 7;
  };
  const uintptr_t irq = ebpf_port_irq_save();
  GUEST_EXPECT_EQ(ebpf_port_stop_machine(masked, nullptr, &result), -16);
  ebpf_port_irq_restore(irq);
  const uintptr_t preempt = ebpf_port_preempt_disable();
  GUEST_EXPECT_EQ(ebpf_port_stop_machine(masked, nullptr, &result), -16);
  ebpf_port_preempt_enable(preempt);
  GUEST_EXPECT_EQ(ebpf_port_stop_machine(masked, nullptr, &result), 0);
  GUEST_EXPECT_EQ(result, 7);
}

GUEST_TEST(DragonOsPort, ProbesNothingOfTheTrapPath) {
  GUEST_EXPECT(ebpf::MayProbe(AddressOf(&PatchedFunction), 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(machine::guest_trap_entry), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(machine::guest_trap_entry) + 100, 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&riscv64_do_irq), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&ebpf_dragonos_exception), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&ebpf_port_cpu_id), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(ebpf_exec_pool), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&some_data), 4));
}

// --- Executable memory ------------------------------------------------------

GUEST_TEST(DragonOsPort, RunsWhatItWroteIntoExecutableMemory) {
  constexpr uint64_t kBranch = uint64_t{1} << 20;
  void* memory = ebpf_port_exec_alloc(100, AddressOf(ebpf_exec_pool), kBranch);
  GUEST_ASSERT(memory != nullptr);
  const uint32_t insn = LoadA0(9);
  GUEST_EXPECT_EQ(ebpf_port_exec_write(memory, &insn, 4), 0);
  GUEST_EXPECT_EQ(WriteText(AddressOf(memory) + 4, &kReturn, 2), 0);
  GUEST_EXPECT_EQ(reinterpret_cast<int (*)()>(memory)(), 9);
  ebpf_port_exec_free(memory, 100);
  // The pool stays; what was there traps.
  constexpr uint16_t kCEbreak = 0x9002;
  for (int i = 0; i < 50; ++i) {
    GUEST_EXPECT_EQ(static_cast<const uint16_t*>(memory)[i], kCEbreak);
  }
  GUEST_EXPECT_EQ(ebpf_port_exec_write(memory, &insn, 4), -14);
  GUEST_EXPECT(ebpf_port_exec_alloc(size_t{1} << 20, 0, UINT64_MAX) == nullptr);
}

// --- Memory that may not be there -------------------------------------------

GUEST_TEST(DragonOsPort, ReadsWhatIsThereAndSurvivesWhatIsNot) {
  uint32_t value = 0;
  GUEST_EXPECT(ebpf_port_read_nofault(&value, AddressOf(&some_data), 4));
  GUEST_EXPECT_EQ(value, 42);
  const uintptr_t end = machine::FreeRam().end;
  GUEST_EXPECT(!ebpf_port_read_nofault(&value, end, 4));
  GUEST_EXPECT(!ebpf_port_read_nofault(&value, 0, 4));
  GUEST_EXPECT(!ebpf_port_read_nofault(&value, 0x8000'0000'0000'0000, 4));
  GUEST_EXPECT(!ebpf_port_read_nofault(&value, 0x1000'0000, 1));  // the UART
  GUEST_EXPECT(!ebpf_port_read_nofault(&value, dragonos::kUserBegin, 4));
}

// --- Stacks -----------------------------------------------------------------

GUEST_TEST(DragonOsPort, KnowsStacksByTheirAddresses) {
  // The real kernel's: the guest's own lie in a process's half.
  constexpr uintptr_t kStack = 0xffff'ffc0'1234'8000;
  uintptr_t begin = 0;
  uintptr_t end = 0;
  GUEST_EXPECT(ebpf_port_stack_bounds(kStack + 0x7ff8, &begin, &end));
  GUEST_EXPECT_EQ(begin, kStack);
  GUEST_EXPECT_EQ(end, kStack + 0x8000);
  GUEST_EXPECT(!ebpf_port_stack_bounds(0x3f'ffff'f000, &begin, &end));
}

// --- Where interrupted code goes on -----------------------------------------

GUEST_TEST(DragonOsPort, ListsWhereInterruptedCodeGoesOn) {
  GUEST_EXPECT_EQ(ebpf_port_preemption(), EBPF_PREEMPTION_LISTED);
  dragonos_trap_frame frame = {};
  frame.status = 1 << 8;
  frame.epc = AddressOf(&PatchedFunction);
  const uintptr_t irq = machine::IrqSave();
  const size_t interruption = ebpf_dragonos_interrupted(&frame);
  const auto see = [](void* argument, uintptr_t pc) {
    *static_cast<bool*>(argument) |= pc == AddressOf(&PatchedFunction);
  };
  bool found = false;
  GUEST_EXPECT_EQ(ebpf_port_saved_pcs(see, &found), 0);
  GUEST_EXPECT(found);
  ebpf_dragonos_resume(interruption);
  found = false;
  GUEST_EXPECT_EQ(ebpf_port_saved_pcs(see, &found), 0);
  GUEST_EXPECT(!found);
  machine::IrqRestore(irq);
}

// The last here: what the port believes stays so.
GUEST_TEST(DragonOsPort, DoesNotBelieveAKernelThatTellsNothing) {
  dragonos::tells.Store(dragonos::Tells::kNothing, ebpf::kRelaxed);
  for (int i = 0; i < 100 && ebpf_port_preemption() != EBPF_PREEMPTION_UNKNOWN;
       ++i) {
    SleepTicks(1);
  }
  GUEST_EXPECT_EQ(ebpf_port_preemption(), EBPF_PREEMPTION_UNKNOWN);
  dragonos::tells.Store(dragonos::Tells::kAll, ebpf::kRelaxed);
}

}  // namespace
}  // namespace guest

/// In place of core's, here and below.
extern "C" [[gnu::section("ebpf_noprobe")]] bool ebpf_on_breakpoint(
    ebpf_pt_regs* regs) {
  return guest::on_breakpoint != nullptr &&
         guest::on_breakpoint(*reinterpret_cast<guest::PtRegs*>(regs));
}

extern "C" [[gnu::section("ebpf_noprobe")]] bool ebpf_on_fault(
    ebpf_pt_regs* /*regs*/) {
  ++guest::faults_seen;
  return false;
}

extern "C" bool ebpf_fix_fault(ebpf_pt_regs* /*regs*/) { return false; }

// SPDX-License-Identifier: MIT
//
// Tests of ports/dragonos that its own kernel makes necessary, on the kernel
// that plays it. core/selftest has what every port must do.
#include "arch/x86_64/machine/system_registers.h"
#include "arch/x86_64/pt_regs.h"
#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/base/noprobe.h"
#include "core/base/string_view.h"
#include "core/capi/ebpf.h"
#include "core/platform/cpu.h"
#include "core/platform/may_probe.h"
#include "core/platform/memory.h"
#include "core/platform/symbols.h"
#include "core/platform/text.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/services.h"
#include "ports/dragonos/x86_64/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/dragonos/int3.h"

extern "C" {
void break_with_all_registers(const uint64_t in[17], uint64_t out[17]);
bool break_with_stack_offset(uint64_t bytes);
extern const char break_with_all_registers_at[];
extern const char break_with_all_registers_continue[];
}

namespace guest {
namespace {

using ebpf::x86_64::PtRegs;

/// What a breakpoint does in the test that runs; null: it is nobody's.
constinit bool (*on_breakpoint)(PtRegs& regs) = nullptr;

template <typename T>
uintptr_t AddressOf(T* object) {
  return reinterpret_cast<uintptr_t>(object);
}

// --- The trap ---------------------------------------------------------------

// Where each word of all_registers.S is in pt_regs; rsp is the last.
constexpr uint64_t PtRegs::* kRegisters[17] = {
    &PtRegs::rax,    &PtRegs::rbx, &PtRegs::rcx, &PtRegs::rdx, &PtRegs::rsi,
    &PtRegs::rdi,    &PtRegs::rbp, &PtRegs::r8,  &PtRegs::r9,  &PtRegs::r10,
    &PtRegs::r11,    &PtRegs::r12, &PtRegs::r13, &PtRegs::r14, &PtRegs::r15,
    &PtRegs::rflags, &PtRegs::rsp};
constexpr int kFlags = 15;
constexpr int kStack = 16;

constexpr uint64_t kAllFlags =
    ebpf::x86_64::kFlagCarry | ebpf::x86_64::kFlagParity |
    ebpf::x86_64::kFlagAdjust | ebpf::x86_64::kFlagZero |
    ebpf::x86_64::kFlagSign | ebpf::x86_64::kFlagDirection |
    ebpf::x86_64::kFlagOverflow;
constexpr uint64_t kAlwaysSet = 2;

uint64_t ValueBefore(int i) { return 0x1111'0000'0000'0000 + 0x101 * i; }
uint64_t ValueAfter(int i) { return 0x2222'0000'0000'0000 + 0x707 * i; }

constinit PtRegs seen = {};

bool ChangeEveryRegister(PtRegs& regs) {
  seen = regs;
  for (int i = 0; i < kFlags; ++i) {
    regs.*kRegisters[i] = ValueAfter(i);
  }
  regs.rflags ^= kAllFlags;
  regs.rsp -= 128;
  regs.rip = AddressOf(break_with_all_registers_continue);
  return true;
}

void ChangeAllWithFlags(uint64_t flags) {
  uint64_t in[17] = {};
  uint64_t out[17] = {};
  for (int i = 0; i < kFlags; ++i) {
    in[i] = ValueBefore(i);
  }
  in[kFlags] = flags | kAlwaysSet | ebpf::x86_64::kFlagInterrupt;
  on_breakpoint = ChangeEveryRegister;
  break_with_all_registers(in, out);
  on_breakpoint = nullptr;
  for (int i = 0; i < kFlags; ++i) {
    GUEST_EXPECT_EQ(seen.*kRegisters[i], ValueBefore(i));
    GUEST_EXPECT_EQ(out[i], ValueAfter(i));
  }
  // The trap reports the byte after the breakpoint.
  GUEST_EXPECT_EQ(seen.rip, AddressOf(break_with_all_registers_at) + 1);
  GUEST_EXPECT_EQ(seen.rflags & kAllFlags, flags);
  GUEST_EXPECT_EQ(out[kFlags] & kAllFlags, flags ^ kAllFlags);
  GUEST_EXPECT_EQ(out[kStack], seen.rsp - 128);
  GUEST_EXPECT_EQ(seen.orig_rax, ~uint64_t{0});
  GUEST_EXPECT_EQ(seen.cs & 3, 0);
}

GUEST_TEST(DragonOsPort, ATrapCanSeeAndChangeEveryRegister) {
  ChangeAllWithFlags(0);
  ChangeAllWithFlags(kAllFlags);
  ChangeAllWithFlags(ebpf::x86_64::kFlagZero | ebpf::x86_64::kFlagDirection);
}

bool CountBreakpoint(PtRegs& /*regs*/) {
  ++seen.rax;
  return true;
}

GUEST_TEST(DragonOsPort, ATrapLeavesTheStackAloneAtEveryAlignment) {
  seen.rax = 0;
  on_breakpoint = CountBreakpoint;
  for (uint64_t bytes = 0; bytes < 32; ++bytes) {
    GUEST_EXPECT(break_with_stack_offset(bytes));
  }
  on_breakpoint = nullptr;
  GUEST_EXPECT_EQ(seen.rax, 32);
}

constexpr uint64_t kPushed = 0x7777'0000'0000'7777;
constinit uint64_t flags_behind = 0;

/// What an emulated push does.
bool Push(PtRegs& regs) {
  regs.rsp -= 8;
  *reinterpret_cast<uint64_t*>(regs.rsp) = kPushed;
  regs.rflags |= flags_behind;
  return true;
}

/// What is on the stack after a breakpoint at an sp that is `bytes` lower.
uint64_t PopBehindBreakpoint(uint64_t bytes) {
  uint64_t popped;
  asm volatile(
      "movq %%rsp, %%rbx\n"
      "subq %[bytes], %%rsp\n"
      "movq %%rsp, %%r12\n"
      "int3\n"
      "popq %[popped]\n"
      "subq %%rsp, %%r12\n"
      "movq %%rbx, %%rsp\n"
      "pushfq\n"
      "andq $~0x100, (%%rsp)\n"  // the trap flag
      "popfq\n"
      "addq %%r12, %[popped]\n"
      : [popped] "=&r"(popped)
      : [bytes] "r"(bytes)
      : "rbx", "r12", "memory", "cc");
  return popped;
}

GUEST_TEST(DragonOsPort, ATrapCanPushAtEveryAlignment) {
  on_breakpoint = Push;
  constexpr uint64_t kFlagsBehind[] = {0, ebpf::x86_64::kFlagTrap,
                                       ebpf::x86_64::kFlagResume};
  for (const uint64_t flags : kFlagsBehind) {
    flags_behind = flags;
    for (uint64_t bytes = 0; bytes < 32; ++bytes) {
      GUEST_EXPECT_EQ(PopBehindBreakpoint(bytes), kPushed);
    }
  }
  on_breakpoint = nullptr;
}

bool MoveStackDown(PtRegs& regs) {
  regs.rsp -= regs.rax;
  return true;
}

/// By how much a breakpoint has moved sp down, where it is to be by `bytes`;
/// with a register of each kind in its place.
uint64_t MovedDown(uint64_t bytes) {
  uint64_t moved;
  asm volatile(
      "movq %%rsp, %%rbx\n"
      "movq %[bytes], %%rax\n"
      "movq %%rbx, %%r15\n"
      "movq %%rbx, %%rdi\n"
      "movq %%rbx, %%rsi\n"
      "int3\n"
      "movq %%rbx, %[moved]\n"
      "subq %%rsp, %[moved]\n"
      "movq %%rbx, %%rsp\n"
      "subq %%rbx, %%r15\n"
      "subq %%rbx, %%rdi\n"
      "subq %%rbx, %%rsi\n"
      "orq %%r15, %[moved]\n"
      "orq %%rdi, %[moved]\n"
      "orq %%rsi, %[moved]\n"
      : [moved] "=&r"(moved)
      : [bytes] "r"(bytes)
      : "rax", "rbx", "rsi", "rdi", "r15", "memory", "cc");
  return moved;
}

GUEST_TEST(DragonOsPort, ATrapCanMoveTheStackByAnyDistance) {
  on_breakpoint = MoveStackDown;
  for (uint64_t bytes = 0; bytes < 512; bytes += 8) {
    GUEST_EXPECT_EQ(MovedDown(bytes), bytes);
  }
  on_breakpoint = nullptr;
}

constinit bool masked_in_hook = false;

bool LookAtInterrupts(PtRegs& regs) {
  masked_in_hook = !machine::IrqsEnabled();
  seen = regs;
  return true;
}

GUEST_TEST(DragonOsPort, TheHookMasksInterruptsThatTheGateKeeps) {
  on_breakpoint = LookAtInterrupts;
  machine::Breakpoint();
  GUEST_EXPECT(masked_in_hook);
  GUEST_EXPECT((seen.rflags & ebpf::x86_64::kFlagInterrupt) != 0);
  GUEST_EXPECT(machine::IrqsEnabled());
  const uintptr_t irq = machine::IrqSave();
  machine::Breakpoint();
  GUEST_EXPECT(!machine::IrqsEnabled());
  GUEST_EXPECT((seen.rflags & ebpf::x86_64::kFlagInterrupt) == 0);
  machine::IrqRestore(irq);
  on_breakpoint = nullptr;
}

bool MaskInterruptsOnReturn(PtRegs& regs) {
  regs.rflags &= ~ebpf::x86_64::kFlagInterrupt;
  return true;
}

bool UnmaskInterruptsOnReturn(PtRegs& regs) {
  regs.rflags |= ebpf::x86_64::kFlagInterrupt;
  return true;
}

GUEST_TEST(DragonOsPort, ATrapCanReturnWithInterruptsMasked) {
  on_breakpoint = MaskInterruptsOnReturn;
  machine::Breakpoint();
  GUEST_EXPECT(!machine::IrqsEnabled());
  on_breakpoint = UnmaskInterruptsOnReturn;
  machine::Breakpoint();
  GUEST_EXPECT(machine::IrqsEnabled());
  on_breakpoint = nullptr;
}

/// What the kernel's own handler of breakpoints found.
struct Int3 {
  int times = 0;
  bool interrupts_on = false;
};
constinit Int3 int3;

GUEST_TEST(DragonOsPort, AnUnclaimedBreakpointIsPassedOver) {
  on_breakpoint = nullptr;
  int3 = {};
  dragonos::int3_observer = [](dragonos_trap_frame& /*frame*/) {
    ++int3.times;
    int3.interrupts_on = machine::IrqsEnabled();
  };
  machine::Breakpoint();
  GUEST_EXPECT_EQ(int3.times, 1);
  GUEST_EXPECT(int3.interrupts_on);
  GUEST_EXPECT(machine::IrqsEnabled());
  const uintptr_t irq = machine::IrqSave();
  machine::Breakpoint();
  machine::IrqRestore(irq);
  dragonos::int3_observer = nullptr;
  GUEST_EXPECT_EQ(int3.times, 2);
  GUEST_EXPECT(!int3.interrupts_on);
}

GUEST_TEST(DragonOsPort, StartsBehindNoOtherGateThanItsOwn) {
  constexpr unsigned kBreakpoint = 3;
  constexpr uint8_t kIsTrapGate = 1;
  constexpr uint8_t kAnotherStack = 1;
  ebpf::x86_64::Gate& gate = ebpf::x86_64::InterruptTable()[kBreakpoint];
  const ebpf::x86_64::Gate before = gate;
  gate.type |= kIsTrapGate;
  GUEST_EXPECT_EQ(ebpf::dragonos::StartServices(), -22);
  gate = before;
  gate.stack = kAnotherStack;
  GUEST_EXPECT_EQ(ebpf::dragonos::StartServices(), -22);
  gate = before;
  gate.SetHandler(AddressOf(&dragonos_trap_int3));
  GUEST_EXPECT_EQ(ebpf::dragonos::StartServices(), -22);
  gate = before;
}

// --- Text -----------------------------------------------------------------

[[gnu::noinline, gnu::used]] int Patched() { return 1; }

int WriteInt3(void* /*argument*/) {
  constexpr uint8_t kInt3 = 0xcc;
  return ebpf_port_text_write(AddressOf(&Patched), &kInt3, 1);
}

GUEST_TEST(DragonOsPort, WritesTextOnlyWhileCpusStand) {
  const uint8_t before = *reinterpret_cast<uint8_t*>(AddressOf(&Patched));
  GUEST_EXPECT_EQ(WriteInt3(nullptr), -16);
  GUEST_EXPECT_EQ(*reinterpret_cast<volatile uint8_t*>(AddressOf(&Patched)),
                  before);
}

int WriteWrongSizes(void* /*argument*/) {
  static constinit uint8_t bytes[65] = {};
  const uintptr_t text = AddressOf(&Patched);
  return ebpf_port_text_write(text, bytes, 0) == -22 &&
         ebpf_port_text_write(text, bytes, 65) == -22;
}

/// One byte after another on each of two pages of executable memory.
int WriteBothPages(void* argument) {
  const auto pages = reinterpret_cast<uintptr_t>(argument);
  constexpr uint8_t kBytes[] = {1, 2};
  const int status = ebpf_port_text_write(pages, &kBytes[0], 1);
  return status != 0 ? status
                     : ebpf_port_text_write(pages + kPageSize, &kBytes[1], 1);
}

GUEST_TEST(DragonOsPort, WritesTwoPagesOneRightAfterTheOther) {
  auto* pages = static_cast<volatile uint8_t*>(ebpf_port_exec_alloc(
      2 * kPageSize, AddressOf(&Patched), uint64_t{1} << 31));
  GUEST_ASSERT(pages != nullptr);
  // A translation that was not flushed would lead to the page before.
  int result = -1;
  void* const memory = const_cast<uint8_t*>(pages);
  GUEST_EXPECT_EQ(ebpf_port_stop_machine(WriteBothPages, memory, &result), 0);
  GUEST_EXPECT(result == 0);
  GUEST_EXPECT_EQ(pages[0], 1);
  GUEST_EXPECT_EQ(pages[kPageSize], 2);
  ebpf_port_exec_free(memory, 2 * kPageSize);
}

GUEST_TEST(DragonOsPort, RefusesToWriteNothingOrTooMuch) {
  int refused = 0;
  GUEST_ASSERT(ebpf_port_stop_machine(WriteWrongSizes, nullptr, &refused) == 0);
  GUEST_EXPECT_EQ(refused, 1);
}

struct ByteWrite {
  uintptr_t to;
  uint8_t byte;
};

int WriteByte(void* argument) {
  auto* write = static_cast<const ByteWrite*>(argument);
  return ebpf_port_text_write(write->to, &write->byte, 1);
}

int StopAndWriteByte(uintptr_t to, uint8_t byte) {
  ByteWrite write = {to, byte};
  int result = 0;
  const int status = ebpf_port_stop_machine(WriteByte, &write, &result);
  return status != 0 ? status : result;
}

GUEST_TEST(DragonOsPort, LeavesTextReadOnlyAndTheAliasUnmapped) {
  const uintptr_t text = AddressOf(&Patched);
  const uint8_t byte = *reinterpret_cast<uint8_t*>(text);
  GUEST_ASSERT(StopAndWriteByte(text, byte) == 0);
  machine::Mapping mapping = {};
  GUEST_ASSERT(machine::Query(text, &mapping));
  GUEST_EXPECT_EQ(mapping.protection, machine::kExecute);
  GUEST_EXPECT_EQ(mapping.leaf, kPageSize);
  GUEST_EXPECT(!machine::TryStore8(text, byte));
  constexpr uintptr_t kFixmapEnd = 0xffff'b000'0100'0000;
  GUEST_EXPECT(!machine::Query(kFixmapEnd - kPageSize, &mapping));
  GUEST_EXPECT(!machine::Query(kFixmapEnd - 2 * kPageSize, &mapping));
}

GUEST_TEST(DragonOsPort, ABreakpointInTextIsHit) {
  const uintptr_t text = AddressOf(&Patched);
  const uint8_t byte = *reinterpret_cast<uint8_t*>(text);
  seen = {};
  on_breakpoint = [](PtRegs& regs) {
    seen = regs;
    // As if the function had returned 77.
    regs.rax = 77;
    regs.rip = *reinterpret_cast<uint64_t*>(regs.rsp);
    regs.rsp += 8;
    return true;
  };
  GUEST_ASSERT(StopAndWriteByte(text, 0xcc) == 0);
  int (*volatile call)() = Patched;
  const int result = call();
  GUEST_ASSERT(StopAndWriteByte(text, byte) == 0);
  on_breakpoint = nullptr;
  GUEST_EXPECT_EQ(result, 77);
  GUEST_EXPECT_EQ(seen.rip, text + 1);
  GUEST_EXPECT_EQ(call(), 1);
}

GUEST_TEST(DragonOsPort, ExecutableMemoryIsReadOnlyUntilGivenBack) {
  auto* memory = static_cast<uint8_t*>(
      ebpf_port_exec_alloc(64, AddressOf(&Patched), uint64_t{1} << 31));
  GUEST_ASSERT(memory != nullptr);
  GUEST_EXPECT(!machine::TryStore8(AddressOf(memory), 1));
  machine::Mapping mapping = {};
  GUEST_ASSERT(machine::Query(AddressOf(memory), &mapping));
  GUEST_EXPECT_EQ(mapping.protection, machine::kExecute);
  ebpf_port_exec_free(memory, 64);
  GUEST_ASSERT(machine::Query(AddressOf(memory), &mapping));
  GUEST_EXPECT_EQ(mapping.protection, machine::kExecute | machine::kWrite);
}

struct RemoteStore {
  uintptr_t address;
  bool stored;
};

void StoreOnThisCpu(void* argument) {
  auto* store = static_cast<RemoteStore*>(argument);
  store->stored = machine::TryStore8(store->address, 0x90);
}

GUEST_TEST(DragonOsPort, ExecutableMemoryCannotBeWrittenOnAnyCpu) {
  // CPU 1 has the page in its TLB as writable.
  void* pages = AllocatePages(1);
  RemoteStore store = {AddressOf(pages), false};
  Thread* thread = Spawn("store", OnlineCpus() - 1, StoreOnThisCpu, &store);
  GUEST_ASSERT(thread != nullptr);
  Join(thread);
  GUEST_EXPECT(store.stored);
  GUEST_EXPECT_EQ(dragonos_pages_protect(pages, 1, false, true), 0);
  thread = Spawn("store", OnlineCpus() - 1, StoreOnThisCpu, &store);
  GUEST_ASSERT(thread != nullptr);
  Join(thread);
  GUEST_EXPECT(!store.stored);
  GUEST_EXPECT_EQ(dragonos_pages_protect(pages, 1, true, true), 0);
  FreePages(pages, 1);
}

/// Of the function itself: a break (breaks.cc) may stand around it.
uintptr_t AddressByName(ebpf::StringView name) {
  ebpf_symbol symbol = {};
  GUEST_EXPECT(ebpf_port_symbol_by_name(name.data(), name.size(), &symbol));
  return symbol.address;
}

GUEST_TEST(DragonOsPort, ProbesNothingOfTheTrapPath) {
  GUEST_EXPECT(ebpf::MayProbe(AddressOf(&Patched), 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(machine::guest_trap_entry), 2));
  GUEST_EXPECT(
      !ebpf::MayProbe(AddressOf(machine::guest_trap_entry) + 16 * 3, 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressByName("ebpf_port_breakpoint_entry"), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressByName("ebpf_dragonos_fault"), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&ebpf_dragonos_ipi), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&ebpf_port_cpu_id), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&ebpf_port_irq_save), 2));
  ebpf_symbol symbol = {};
  GUEST_ASSERT(
      ebpf_port_symbol_by_address(AddressOf(&ebpf_dragonos_ipi), &symbol));
  // A probe of two bytes that only ends inside.
  GUEST_EXPECT(!ebpf::MayProbe(symbol.address - 1, 2));
}

GUEST_TEST(DragonOsPort, DoesNotStopTheMachineInsideAnAtomicSection) {
  int result = 0;
  const auto nothing = [](void* /*argument*/) { return 0; };
  const uintptr_t irq = ebpf_port_irq_save();
  GUEST_EXPECT_EQ(ebpf_port_stop_machine(nothing, nullptr, &result), -16);
  ebpf_port_irq_restore(irq);
  const uintptr_t preempt = ebpf_port_preempt_disable();
  GUEST_EXPECT_EQ(ebpf_port_stop_machine(nothing, nullptr, &result), -16);
  ebpf_port_preempt_enable(preempt);
  GUEST_EXPECT_EQ(ebpf_port_stop_machine(nothing, nullptr, &result), 0);
}

struct Stops {
  ebpf::Atomic<uint32_t> failed{0};
};

void StopOften(void* argument) {
  auto* stops = static_cast<Stops*>(argument);
  for (int i = 0; i < 100; ++i) {
    int result = 0;
    const auto nothing = [](void* /*argument*/) { return 0; };
    if (ebpf_port_stop_machine(nothing, nullptr, &result) != 0) {
      stops->failed.FetchAdd(1, ebpf::kRelaxed);
    }
  }
}

GUEST_TEST(DragonOsPort, SeveralTasksOfEachCpuStopTheMachineInTurns) {
  static constinit Stops stops;
  Thread* threads[3 * kMaxCpus] = {};
  const uint32_t count = 3 * OnlineCpus();
  for (uint32_t i = 0; i < count; ++i) {
    threads[i] = Spawn("stop", i % OnlineCpus(), StopOften, &stops);
    GUEST_ASSERT(threads[i] != nullptr);
  }
  for (uint32_t i = 0; i < count; ++i) {
    Join(threads[i]);
  }
  GUEST_EXPECT_EQ(stops.failed.Load(ebpf::kRelaxed), 0);
}

}  // namespace
}  // namespace guest

extern "C" bool ebpf_on_breakpoint(ebpf_pt_regs* regs) {
  if (guest::on_breakpoint == nullptr) {
    return false;
  }
  return guest::on_breakpoint(*reinterpret_cast<ebpf::x86_64::PtRegs*>(regs));
}

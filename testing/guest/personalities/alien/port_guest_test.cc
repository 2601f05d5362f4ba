// SPDX-License-Identifier: MIT
//
// Tests of ports/alien that its own kernel makes necessary, on the personality
// that punishes what the kernel would. core/selftest has what every
// port must do.
#include "arch/riscv64/machine/cpu_features.h"
#include "arch/riscv64/macro_assembler.h"
#include "arch/riscv64/pt_regs.h"
#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/base/noprobe.h"
#include "core/base/string_view.h"
#include "core/capi/ebpf.h"
#include "core/platform/defer.h"
#include "core/platform/may_probe.h"
#include "core/platform/memory.h"
#include "core/platform/nofault.h"
#include "core/platform/symbol_name.h"
#include "core/platform/task.h"
#include "core/platform/text.h"
#include "core/platform/time.h"
#include "core/platform/user.h"
#include "machine/counter.h"
#include "ports/alien/defer.h"
#include "ports/alien/hooks.h"
#include "ports/alien/text_alias.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/alien/ksync.h"
#include "testing/guest/personalities/alien/user_space.h"

extern "C" {
struct AllRegisters {
  uint64_t in[32];
  uint64_t out[32];
};
void BreakWithAllRegisters(AllRegisters* registers);
extern const char BreakWithAllRegistersAt[];
int PatchedFunction(void);
int FarFunction(void);
int StraddlingFunction(void);
void kernel_v(void);
void do_kernel_handle(alien_ktrap_frame* frame);
void ebreak_handler(alien_ktrap_frame* frame);
void push_off(void);
void pop_off(void);
void trampoline(void);
}

namespace guest {
namespace {

using ebpf::riscv64::PtRegs;

/// What a breakpoint does in the test that runs; null: it is nobody's.
constinit bool (*on_breakpoint)(PtRegs& regs) = nullptr;

template <typename T>
uintptr_t AddressOf(T* object) {
  return reinterpret_cast<uintptr_t>(object);
}

/// ebpf_port_text_write inside ebpf_port_stop_machine.
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

/// addi a0, zero, number. [riscv/unpriv: ADDI]
constexpr uint32_t LoadA0(uint32_t number) { return number << 20 | 0x513; }
constexpr uint16_t kReturn = 0x8082;  // c.jr ra

bool PrepareOnce() {
  static constinit bool prepared = false;
  if (!prepared) {
    prepared = ebpf::alien::PrepareTextAlias();
  }
  return prepared;
}

// --- Text -----------------------------------------------------------------

GUEST_TEST(AlienPort, WritesReadOnlyTextThroughItsAlias) {
  GUEST_ASSERT(PrepareOnce());
  for (uint32_t number = 2; number < 200; ++number) {
    const uint32_t insn = LoadA0(number);
    GUEST_ASSERT(WriteText(AddressOf(&PatchedFunction), &insn, 4) == 0);
    GUEST_ASSERT(PatchedFunction() == static_cast<int>(number));
  }
}

GUEST_TEST(AlienPort, WritesAcrossAPageBoundary) {
  GUEST_ASSERT(PrepareOnce());
  GUEST_ASSERT(AddressOf(&StraddlingFunction) % 4096 == 4094);
  const uint32_t insn = LoadA0(77);
  GUEST_ASSERT(WriteText(AddressOf(&StraddlingFunction), &insn, 4) == 0);
  GUEST_EXPECT_EQ(StraddlingFunction(), 77);
}

/// Writes 0 + n into one function and 1000 + n into one on another page.
int WriteBoth(void* argument) {
  const auto number = *static_cast<uint32_t*>(argument);
  const uint32_t first = LoadA0(number);
  const uint32_t second = LoadA0(1000 + number);
  const int status =
      ebpf_port_text_write(AddressOf(&PatchedFunction), &first, 4);
  return status != 0
             ? status
             : ebpf_port_text_write(AddressOf(&FarFunction), &second, 4);
}

GUEST_TEST(AlienPort, WritesTwoPagesOneRightAfterTheOther) {
  GUEST_ASSERT(PrepareOnce());
  // A translation that was not flushed would lead to the page before.
  for (uint32_t number = 0; number < 50; ++number) {
    int result = -1;
    GUEST_ASSERT(ebpf_port_stop_machine(WriteBoth, &number, &result) == 0);
    GUEST_ASSERT(result == 0);
    GUEST_ASSERT(PatchedFunction() == static_cast<int>(number));
    GUEST_ASSERT(FarFunction() == static_cast<int>(1000 + number));
  }
}

GUEST_TEST(AlienPort, LeavesTheTextsLeafReadOnlyAndWhole) {
  GUEST_ASSERT(PrepareOnce());
  const uint32_t insn = LoadA0(5);
  GUEST_ASSERT(WriteText(AddressOf(&PatchedFunction), &insn, 4) == 0);
  machine::Mapping mapping = {};
  GUEST_ASSERT(machine::Query(AddressOf(&PatchedFunction), &mapping));
  GUEST_EXPECT_EQ(mapping.leaf, size_t{2} << 20);
  GUEST_EXPECT_EQ(mapping.protection, machine::kExecute);
  GUEST_EXPECT(!machine::TryStore8(AddressOf(&PatchedFunction), 0));
}

constinit uint32_t some_data = 42;

GUEST_TEST(AlienPort, RefusesToWriteWhatIsNotText) {
  GUEST_ASSERT(PrepareOnce());
  const uint32_t insn = LoadA0(5);
  GUEST_EXPECT_EQ(WriteText(AddressOf(&some_data), &insn, 4), -14);
  GUEST_EXPECT_EQ(WriteText(0, &insn, 4), -14);
  GUEST_EXPECT_EQ(WriteText(AddressOf(&etext[0]) - 2, &insn, 4), -14);
  GUEST_EXPECT_EQ(WriteText(AddressOf(&PatchedFunction), &insn, 0), -22);
  GUEST_EXPECT_EQ(some_data, 42);
}

GUEST_TEST(AlienPort, StopsTheMachineWithInterruptsOff) {
  int result = -1;
  GUEST_EXPECT_EQ(ebpf_port_stop_machine(
                      [](void*) { return machine::IrqsEnabled() ? 1 : 7; },
                      nullptr, &result),
                  0);
  GUEST_EXPECT_EQ(result, 7);
  GUEST_EXPECT(machine::IrqsEnabled());
}

/// Of the function itself: a break (breaks.cc) may stand around it.
uintptr_t AddressByName(ebpf::StringView name) {
  ebpf_symbol symbol = {};
  GUEST_EXPECT(ebpf_port_symbol_by_name(name.data(), name.size(), &symbol));
  return symbol.address;
}

GUEST_TEST(AlienPort, ProbesNothingOfTheTrapPathOrTheLocks) {
  GUEST_EXPECT(ebpf::MayProbe(AddressOf(&PatchedFunction), 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&kernel_v), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&kernel_v) + 100, 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&do_kernel_handle), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&ebreak_handler), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressByName("ebpf_alien_breakpoint"), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressByName("ebpf_alien_kernel_fault"), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&push_off), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&pop_off), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&trampoline), 2));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&some_data), 4));
  GUEST_EXPECT(!ebpf::MayProbe(AddressOf(&etext[0]) - 2, 4));
}

// --- Executable memory ------------------------------------------------------

GUEST_TEST(AlienPort, RunsWhatItWroteIntoExecutableMemory) {
  GUEST_ASSERT(PrepareOnce());
  const MemoryBalance before = Balance();
  const uintptr_t text = AddressOf(&PatchedFunction);
  void* memory = ebpf_port_exec_alloc(100, text, uint64_t{2} << 30);
  GUEST_ASSERT(memory != nullptr);
  const uint32_t insn = LoadA0(9);
  GUEST_EXPECT_EQ(WriteText(AddressOf(memory), &insn, 4), 0);
  GUEST_EXPECT_EQ(WriteText(AddressOf(memory) + 4, &kReturn, 2), 0);
  GUEST_EXPECT_EQ(reinterpret_cast<int (*)()>(memory)(), 9);
  GUEST_EXPECT(!machine::TryStore8(AddressOf(memory), 0));
  ebpf_port_exec_free(memory, 100);
  // The pool stays; what was there traps.
  constexpr uint16_t kCEbreak = 0x9002;
  for (int i = 0; i < 50; ++i) {
    GUEST_EXPECT_EQ(static_cast<const uint16_t*>(memory)[i], kCEbreak);
  }
  GUEST_EXPECT_EQ(WriteText(AddressOf(memory), &insn, 4), -14);
  GUEST_EXPECT(Balance() == before);
}

/// More than the pool in the kernel's text has.
constexpr size_t kLarge = size_t{1} << 20;

GUEST_TEST(AlienPort, HasOnlyThePool) {
  const uintptr_t text = AddressOf(&PatchedFunction);
  constexpr uint64_t kBranch = uint64_t{1} << 20;
  void* memory = ebpf_port_exec_alloc(4096, text, kBranch);
  GUEST_EXPECT(memory != nullptr);
  GUEST_EXPECT(ebpf_port_exec_alloc(kLarge, text, kBranch) == nullptr);
  GUEST_EXPECT(ebpf_port_exec_alloc(kLarge, text, UINT64_MAX) == nullptr);
  ebpf_port_exec_free(memory, 4096);
  GUEST_EXPECT(ebpf_port_exec_alloc(0, text, uint64_t{2} << 30) == nullptr);
}

// --- The trap frame ---------------------------------------------------------

bool ChangeAllRegisters(PtRegs& regs) {
  if (regs.epc != AddressOf(BreakWithAllRegistersAt)) {
    return false;
  }
  for (unsigned i = 1; i < 32; ++i) {
    if (i != 2 && i != 4) {
      ebpf::riscv64::Reg(regs, i) ^= 0xffff'0000'ffff'0000;
    }
  }
  regs.epc += 4;
  return true;
}

GUEST_TEST(AlienPort, CarriesEveryRegisterThroughABreakpoint) {
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

GUEST_TEST(AlienPort, AnUnclaimedBreakpointIsSkippedWhole) {
  on_breakpoint = nullptr;
  asm volatile("c.ebreak" : : : "memory");
  asm volatile(".option push\n.option norvc\nebreak\n.option pop"
               :
               :
               : "memory");
}

// In a machine that lacks them the hook of faults leads on.
GUEST_TEST(AlienPort, FindsOutWhichExtensionsTheHartHas) {
  const uint64_t features = ebpf::riscv64::CpuFeatures();
  GUEST_EXPECT_EQ(features, ebpf::riscv64::CpuFeatures());
  GUEST_EXPECT_EQ(
      features & ~(ebpf::riscv64::kFeatureZba | ebpf::riscv64::kFeatureZbb), 0);
}

constinit uint64_t seen_sp = 0;

bool SpoilSp(PtRegs& regs) {
  seen_sp = ebpf::riscv64::Reg(regs, 2);
  ebpf::riscv64::Reg(regs, 2) = 0x1000;  // as the port's stub says: not set
  regs.epc += 4;
  return true;
}

GUEST_TEST(AlienPort, TellsTheInterruptedSpAndCannotSetIt) {
  AllRegisters registers = {};
  on_breakpoint = SpoilSp;
  BreakWithAllRegisters(&registers);
  on_breakpoint = nullptr;
  GUEST_EXPECT_EQ(seen_sp, registers.out[2]);
  GUEST_EXPECT_EQ(ebpf_port_trap_stub(), 0);
}

bool MaskOnReturn(PtRegs& regs) {
  regs.status &= ~ebpf::riscv64::kStatusSpie;
  regs.epc += 4;
  return true;
}

GUEST_TEST(AlienPort, ReturnsWithTheInterruptFlagThatCoreAsksFor) {
  AllRegisters registers = {};
  on_breakpoint = MaskOnReturn;
  BreakWithAllRegisters(&registers);
  on_breakpoint = nullptr;
  const bool enabled = machine::IrqsEnabled();
  machine::IrqEnable();
  GUEST_EXPECT(!enabled);
}

// --- Memory that may not be there -------------------------------------------

GUEST_TEST(AlienPort, ReadsWhatIsThereAndSurvivesWhatIsNot) {
  const uint8_t source[24] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  uint8_t copy[24] = {};
  GUEST_EXPECT(ebpf_port_read_nofault(copy, AddressOf(source), 24));
  GUEST_EXPECT(ebpf::EqualBytes(source, copy));
  const uintptr_t end = machine::FreeRam().end;
  GUEST_EXPECT(!ebpf_port_read_nofault(copy, end - 8, 16));
  GUEST_EXPECT(!ebpf_port_read_nofault(copy, end + 4096, 1));
  GUEST_EXPECT(!ebpf_port_read_nofault(copy, 0, 8));
  GUEST_EXPECT(!ebpf_port_read_nofault(copy, 0x10000000, 1));  // the UART
  GUEST_EXPECT(!ebpf_port_read_nofault(copy, UINTPTR_MAX - 3, 8));
  GUEST_EXPECT(!ebpf_port_read_nofault(copy, 0x8000'0000'0000'0000, 8));
}

constinit bool read_in_trap = false;

bool ReadInTrap(PtRegs& regs) {
  uint64_t value = 0;
  read_in_trap = ebpf_port_read_nofault(&value, AddressOf(&some_data), 4) &&
                 value == 42 && !ebpf_port_read_nofault(&value, 0xffff'0000, 8);
  regs.epc += 4;
  return true;
}

GUEST_TEST(AlienPort, SurvivesABadAddressInsideABreakpoint) {
  AllRegisters registers = {};
  on_breakpoint = ReadInTrap;
  BreakWithAllRegisters(&registers);
  on_breakpoint = nullptr;
  GUEST_EXPECT(read_in_trap);
}

// --- A kernel that panics when memory is out ---------------------------------

GUEST_TEST(AlienPort, RefusesMemoryBeforeTheKernelWouldPanic) {
  const MemoryBalance before = Balance();
  constexpr size_t kPiece = size_t{1} << 20;
  void* pieces[128] = {};
  size_t count = 0;
  while (count < 128 &&
         (pieces[count] = ebpf_port_alloc(kPiece, 4096)) != nullptr) {
    ++count;
  }
  GUEST_EXPECT_EQ(count, 64);
  GUEST_EXPECT(ebpf_port_alloc(SIZE_MAX, 8) == nullptr);
  while (count != 0) {
    ebpf_port_free(pieces[--count], kPiece, 4096);
  }
  GUEST_EXPECT(Balance() == before);
}

GUEST_TEST(AlienPort, ZeroesWhatTheKernelDoesNot) {
  auto* bytes = static_cast<uint8_t*>(ebpf_port_alloc(300, 64));
  GUEST_ASSERT(bytes != nullptr);
  GUEST_EXPECT(ebpf::AllZero(ebpf::ConstBytes(bytes, 300)));
  GUEST_EXPECT_EQ(AddressOf(bytes) % 64, 0);
  ebpf_port_free(bytes, 300, 64);
}

// --- A process's memory -----------------------------------------------------

constexpr uintptr_t kUser = 0x10000;

GUEST_TEST(AlienPort, CopiesAcrossPagesOfAProcess) {
  using alien::UserPage;
  GUEST_ASSERT(alien::AddUserPage(kUser, UserPage::kWritable) != nullptr);
  GUEST_ASSERT(alien::AddUserPage(kUser + 4096, UserPage::kLazy) != nullptr);
  const uint8_t source[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  GUEST_EXPECT(ebpf_port_copy_to_user(kUser + 4092, source, 8));
  GUEST_EXPECT_EQ(alien::UserFrame(kUser)[4095], 4);
  GUEST_EXPECT_EQ(alien::UserFrame(kUser + 4096)[0], 5);
  uint8_t copy[8] = {};
  GUEST_EXPECT(ebpf_port_copy_from_user(copy, kUser + 4092, 8));
  GUEST_EXPECT(ebpf::EqualBytes(source, copy));
  alien::ClearUserPages();
}

GUEST_TEST(AlienPort, BreaksCopyOnWriteAndNotReadOnly) {
  using alien::UserPage;
  uint8_t* shared = alien::AddUserPage(kUser, UserPage::kCopyOnWrite);
  GUEST_ASSERT(alien::AddUserPage(kUser + 4096, UserPage::kReadOnly));
  const uint8_t byte = 9;
  GUEST_EXPECT(ebpf_port_copy_to_user(kUser, &byte, 1));
  GUEST_EXPECT(alien::UserFrame(kUser) != shared);
  GUEST_EXPECT_EQ(alien::UserFrame(kUser)[0], 9);
  GUEST_EXPECT(!ebpf_port_copy_to_user(kUser + 4096, &byte, 1));
  GUEST_EXPECT_EQ(alien::UserFrame(kUser + 4096)[0], 0);
  alien::ClearUserPages();
}

GUEST_TEST(AlienPort, NeverTouchesKernelMemoryForAProcess) {
  using alien::UserPage;
  GUEST_ASSERT(alien::AddUserPage(kUser, UserPage::kKernel));
  uint32_t value = 1;
  GUEST_EXPECT(!ebpf_port_copy_from_user(&value, kUser, 4));
  GUEST_EXPECT(!ebpf_port_copy_from_user(&value, AddressOf(&some_data), 4));
  GUEST_EXPECT(!ebpf_port_copy_to_user(AddressOf(&some_data), &value, 4));
  GUEST_EXPECT(!ebpf_port_copy_from_user(&value, UINT64_MAX - 1, 4));
  GUEST_EXPECT(!ebpf_port_copy_from_user(&value, 0, 4));
  GUEST_EXPECT_EQ(some_data, 42);
  alien::ClearUserPages();
}

// --- Symbols, tasks, time ----------------------------------------------------

GUEST_TEST(AlienPort, FindsFunctionsByNameAndAddress) {
  ebpf_symbol symbol = {};
  const ebpf::StringView name("PatchedFunction");
  GUEST_ASSERT(ebpf_port_symbol_by_name(name.data(), name.size(), &symbol));
  GUEST_EXPECT_EQ(symbol.address, AddressOf(&PatchedFunction));
  GUEST_EXPECT(symbol.size >= 6 && symbol.size <= 8192);
  GUEST_ASSERT(
      ebpf_port_symbol_by_address(AddressOf(&PatchedFunction) + 4, &symbol));
  char text[32];
  GUEST_EXPECT(ebpf::ReadSymbolName(symbol, text) == name);
  GUEST_EXPECT(!ebpf_port_symbol_by_name("PatchedFunctio", 14, &symbol));
  GUEST_EXPECT(!ebpf_port_symbol_by_name("", 0, &symbol));
  GUEST_EXPECT(!ebpf_port_symbol_by_address(AddressOf(&some_data), &symbol));
  GUEST_EXPECT(!ebpf_port_symbol_by_address(0, &symbol));
}

constinit char name_in_trap[16] = {};

bool AskNameInTrap(PtRegs& regs) {
  (void)ebpf_port_task_comm(name_in_trap, sizeof name_in_trap);
  regs.epc += 4;
  return true;
}

GUEST_TEST(AlienPort, NamesTheTask) {
  uint32_t pid = 0;
  uint32_t tgid = 0;
  ebpf_port_task_ids(&pid, &tgid);
  GUEST_EXPECT_EQ(pid, CurrentThread()->id);
  GUEST_EXPECT_EQ(tgid, CurrentThread()->group);
  char name[16] = {};
  GUEST_ASSERT(ebpf_port_task_comm(name, sizeof name));
  GUEST_EXPECT(ebpf::StringView(name) == ebpf::StringView("init"));
  GUEST_ASSERT(ebpf_port_task_comm(name, 3));
  GUEST_EXPECT(ebpf::StringView(name) == ebpf::StringView("in"));
  AllRegisters registers = {};
  on_breakpoint = AskNameInTrap;
  BreakWithAllRegisters(&registers);
  on_breakpoint = nullptr;
  GUEST_EXPECT(ebpf::StringView(name_in_trap) == ebpf::StringView("init"));
  // Who is interrupted while the lock is held has no name.
  alien::MutexGuard guard(alien::task_lock);
  GUEST_EXPECT(!ebpf_port_task_comm(name, sizeof name));
}

uint64_t NanosecondsOf(uint64_t ticks) {
  constexpr uint64_t kSecond = 1'000'000'000;
  const uint64_t frequency = alien_timer_frequency();
  return ticks / frequency * kSecond + ticks % frequency * kSecond / frequency;
}

GUEST_TEST(AlienPort, CountsTimeAsTheMachineDoes) {
  const uint64_t machine_begin = machine::Nanoseconds();
  const uint64_t ticks_before = ebpf::machine::ReadCounter();
  const uint64_t begin = ebpf_port_time_ns();
  GUEST_EXPECT(begin >= NanosecondsOf(ticks_before));
  GUEST_EXPECT(begin <= NanosecondsOf(ebpf::machine::ReadCounter()));
  SleepTicks(5);
  const uint64_t port_ns = ebpf_port_time_ns() - begin;
  const uint64_t machine_ns = machine::Nanoseconds() - machine_begin;
  GUEST_EXPECT(port_ns > 0 && port_ns <= machine_ns);
  GUEST_EXPECT(ebpf_port_random() != ebpf_port_random());
}

// --- Deferred work -----------------------------------------------------------

struct Counted {
  ebpf_deferred work;
  ebpf::Atomic<uint32_t> runs{0};
  bool interrupts_on = false;
};
static_assert(offsetof(Counted, work) == 0);

constinit Counted counted[3] = {};
constinit bool deferred_in_trap = false;

bool DeferInTrap(PtRegs& regs) {
  deferred_in_trap = ebpf_port_defer(&counted[1].work);
  regs.epc += 4;
  return true;
}

void RunCounted(ebpf_deferred* self) {
  auto* counter = reinterpret_cast<Counted*>(self);
  counter->interrupts_on = machine::IrqsEnabled();
  counter->runs.FetchAdd(1, ebpf::kRelaxed);
}

GUEST_TEST(AlienPort, RunsDeferredWorkOfAnyContextInATask) {
  GUEST_EXPECT(!ebpf_port_defer(&counted[0].work));  // nobody to run it yet
  GUEST_ASSERT(ebpf::alien::StartDeferWorker());
  for (Counted& counter : counted) {
    counter.work.run = RunCounted;
  }
  GUEST_EXPECT(ebpf_port_defer(&counted[0].work));
  AllRegisters registers = {};
  on_breakpoint = DeferInTrap;
  BreakWithAllRegisters(&registers);
  on_breakpoint = nullptr;
  GUEST_EXPECT(deferred_in_trap);
  GUEST_EXPECT(ebpf_port_defer(&counted[2].work));
  for (Counted& counter : counted) {
    for (int i = 0; i < 1000 && counter.runs.Load(ebpf::kRelaxed) == 0; ++i) {
      Yield();
    }
    GUEST_EXPECT_EQ(counter.runs.Load(ebpf::kRelaxed), 1);
    GUEST_EXPECT(counter.interrupts_on);
  }
}

}  // namespace
}  // namespace guest

/// In place of core's, here and below.
extern "C" bool ebpf_on_breakpoint(ebpf_pt_regs* regs) {
  return guest::on_breakpoint != nullptr &&
         guest::on_breakpoint(*reinterpret_cast<guest::PtRegs*>(regs));
}
extern "C" bool ebpf_on_fault(ebpf_pt_regs* /*regs*/) { return false; }

extern "C" bool ebpf_fix_fault(ebpf_pt_regs* /*regs*/) { return false; }

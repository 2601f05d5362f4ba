// SPDX-License-Identifier: MIT
//
// The services of ports/hermit, inside the real kernel.
#include "arch/aarch64/machine/nofault.h"
#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "core/base/string_view.h"
#include "core/platform/cpu.h"
#include "core/platform/defer.h"
#include "core/platform/log.h"
#include "core/platform/memory.h"
#include "core/platform/nofault.h"
#include "core/platform/symbol_name.h"
#include "core/platform/text.h"
#include "core/platform/time.h"
#include "ports/hermit/init.h"
#include "testing/guest/kernel/test.h"
#include "testing/hermit/application/application.h"
#include "testing/hermit/port/breakpoint_hook.h"

// Functions of the kernel that its own code names.
extern "C" {
void do_sync();
void do_irq();
extern const uint8_t vector_table[];
}

namespace hermit {
namespace {

using ebpf::hermit::TrapFrame;

template <typename F>
uintptr_t AddressOf(F* function) {
  return reinterpret_cast<uintptr_t>(function);
}

bool Find(ebpf::StringView name, ebpf_symbol* symbol) {
  return ebpf_port_symbol_by_name(name.data(), name.size(), symbol);
}

GUEST_TEST(Start, WorksOnceAndOnlyOnce) {
  GUEST_ASSERT(PortIsUp());
  GUEST_EXPECT_EQ(-ebpf_hermit_start_port(), 17);
}

GUEST_TEST(Symbols, NameTheKernelsFunctions) {
  GUEST_ASSERT(PortIsUp());
  ebpf_symbol symbol = {};
  GUEST_ASSERT(Find("sys_getpid", &symbol));
  GUEST_EXPECT_EQ(symbol.address, AddressOf(&sys_getpid));
  GUEST_EXPECT(symbol.size >= 4 && symbol.size < 4096);
  GUEST_EXPECT(!Find("sys_no_such_call", &symbol));
  GUEST_EXPECT(!Find("", &symbol));
}

GUEST_TEST(Symbols, FindTheFunctionAroundAnAddress) {
  GUEST_ASSERT(PortIsUp());
  ebpf_symbol symbol = {};
  GUEST_ASSERT(ebpf_port_symbol_by_address(AddressOf(&sys_open) + 4, &symbol));
  char name[32];
  GUEST_EXPECT(ebpf::ReadSymbolName(symbol, name) == "sys_open");
  GUEST_EXPECT_EQ(symbol.address, AddressOf(&sys_open));
  GUEST_EXPECT(!ebpf_port_symbol_by_address(0, &symbol));
  GUEST_EXPECT(!ebpf_port_symbol_by_address(AddressOf(&symbol), &symbol));
}

GUEST_TEST(Text, MayBeProbedButForTheKernelsExceptionCode) {
  GUEST_ASSERT(PortIsUp());
  ebpf_symbol stub = {};
  GUEST_ASSERT(Find("el1_sp0_irq", &stub));
  GUEST_EXPECT(ebpf_port_may_probe(AddressOf(&sys_getpid), 4));
  GUEST_EXPECT(ebpf_port_may_probe(AddressOf(&do_irq), 4));
  GUEST_EXPECT(!ebpf_port_may_probe(AddressOf(&do_sync), 4));
  GUEST_EXPECT(!ebpf_port_may_probe(stub.address, 4));
  GUEST_EXPECT(!ebpf_port_may_probe(stub.address + stub.size - 12, 4));
  GUEST_EXPECT(!ebpf_port_may_probe(AddressOf(vector_table), 4));
  GUEST_EXPECT(!ebpf_port_may_probe(AddressOf(&ebpf_port_cpu_id), 4));
  GUEST_EXPECT(!ebpf_port_may_probe(AddressOf(&ebpf_port_irq_save), 4));
  GUEST_ASSERT(Find("EbpfHermitBreakpoint", &stub));
  GUEST_EXPECT(!ebpf_port_may_probe(stub.address, 4));
  GUEST_ASSERT(Find("EbpfHermitVectors", &stub));
  GUEST_EXPECT(!ebpf_port_may_probe(stub.address + 2048, 4));
  GUEST_EXPECT(!ebpf_port_may_probe(AddressOf(ebpf_hermit_symbols), 4));
  GUEST_EXPECT(!ebpf_port_may_probe(0, 4));
  GUEST_EXPECT(!ebpf_port_may_probe(AddressOf(&sys_getpid), 0));
}

struct Write {
  uintptr_t to;
  const void* bytes;
  size_t size;
};

int DoWrite(void* argument) {
  const auto* write = static_cast<const Write*>(argument);
  return ebpf_port_text_write(write->to, write->bytes, write->size);
}

// 0 or a negative errno.
int WriteText(uintptr_t to, const void* bytes, size_t size) {
  Write write = {to, bytes, size};
  int result = 1;
  const int stopped = ebpf_port_stop_machine(&DoWrite, &write, &result);
  return stopped != 0 ? stopped : result;
}

int IsMaskedInside(void* argument) {
  const uintptr_t daif = ebpf_port_irq_save();
  *static_cast<bool*>(argument) = (daif & 0x80) != 0;
  ebpf_port_irq_restore(daif);
  return 23;
}

GUEST_TEST(Text, StopsTheMachineAndGivesTheResult) {
  GUEST_ASSERT(PortIsUp());
  bool masked = false;
  int result = 0;
  GUEST_EXPECT_EQ(ebpf_port_stop_machine(&IsMaskedInside, &masked, &result), 0);
  GUEST_EXPECT_EQ(result, 23);
  GUEST_EXPECT(masked);
  const uintptr_t daif = ebpf_port_irq_save();
  ebpf_port_irq_restore(daif);
  GUEST_EXPECT_EQ(daif & 0x80, 0);
}

GUEST_TEST(Text, RunsWhatWasJustWritten) {
  GUEST_ASSERT(PortIsUp());
  const uintptr_t near = AddressOf(&sys_getpid);
  void* memory = ebpf_port_exec_alloc(128, near, 128 << 20);
  GUEST_ASSERT(memory != nullptr);
  const auto at = AddressOf(memory);
  const uint32_t kReturn = 0xd65f03c0;
  GUEST_EXPECT_EQ(WriteText(at + 4, &kReturn, 4), 0);
  for (uint32_t value = 0; value < 1000; ++value) {
    const uint32_t move = 0x52800000 | value << 5;  // mov w0, #value
    GUEST_ASSERT(WriteText(at, &move, 4) == 0);
    GUEST_ASSERT(reinterpret_cast<uint32_t (*)()>(at)() == value);
  }
  ebpf_port_exec_free(memory, 128);
}

GUEST_TEST(Text, RefusesToWriteWhereItCannot) {
  GUEST_ASSERT(PortIsUp());
  const uint32_t word = 0;
  GUEST_EXPECT_EQ(-WriteText(0, &word, 4), 14);
  GUEST_EXPECT_EQ(-WriteText(uintptr_t{1} << 60, &word, 4), 14);
  GUEST_EXPECT_EQ(-WriteText(AddressOf(&sys_getpid), &word, 0), 22);
  GUEST_EXPECT_EQ(-WriteText(AddressOf(&sys_getpid), &word, 65), 22);
}

GUEST_TEST(ExecMemory, GivesPiecesInReachUntilThereAreNone) {
  constexpr size_t kPiece = 32 << 10;  // of 512 KiB, less what is in use
  GUEST_ASSERT(PortIsUp());
  const uintptr_t near = AddressOf(&sys_getpid);
  GUEST_EXPECT(ebpf_port_exec_alloc(4096, 0, 1 << 20) == nullptr);
  GUEST_EXPECT(ebpf_port_exec_alloc(0, near, 128 << 20) == nullptr);
  GUEST_EXPECT(ebpf_port_exec_alloc(1 << 20, near, 128 << 20) == nullptr);
  void* pieces[32] = {};
  size_t count = 0;
  while (count < 32) {
    void* piece = ebpf_port_exec_alloc(kPiece, near, 128 << 20);
    if (piece == nullptr) {
      break;
    }
    for (size_t i = 0; i < count; ++i) {
      GUEST_EXPECT(piece != pieces[i]);
    }
    pieces[count++] = piece;
  }
  GUEST_EXPECT_EQ(count, 16);
  for (size_t i = 0; i < count; ++i) {
    ebpf_port_exec_free(pieces[i], kPiece);
  }
  void* again = ebpf_port_exec_alloc(16 * kPiece, near, 128 << 20);
  GUEST_EXPECT(again != nullptr);
  ebpf_port_exec_free(again, 16 * kPiece);
}

GUEST_TEST(NoFault, ReadsWhatIsThere) {
  GUEST_ASSERT(PortIsUp());
  static const char kText[] = "text of the image";
  char copy[sizeof(kText)] = {};
  GUEST_EXPECT(ebpf_port_read_nofault(copy, AddressOf(kText), sizeof(kText)));
  GUEST_EXPECT(ebpf::StringView(copy) == kText);
  GUEST_EXPECT(ebpf_port_read_nofault(copy + 1, AddressOf(kText), 3));
  GUEST_EXPECT(ebpf_port_read_nofault(copy, 0, 0));
}

GUEST_TEST(NoFault, RefusesBadAddressesAndDevices) {
  GUEST_ASSERT(PortIsUp());
  uint64_t value = 0x77;
  const uintptr_t bad[] = {
      0,
      8,
      0x9000000,  // the serial port
      0x8000000,  // the interrupt controller
      0x3ffffffc,
      uintptr_t{1} << 47,
      uintptr_t{1} << 48,
      uintptr_t{1} << 63,
      UINTPTR_MAX - 3,
      UINTPTR_MAX,
  };
  for (uintptr_t address : bad) {
    GUEST_EXPECT(!ebpf_port_read_nofault(&value, address, sizeof(value)));
  }
  GUEST_EXPECT_EQ(value, 0x77);
}

GUEST_TEST(NoFault, CopiesWhatComesBeforeAHole) {
  GUEST_ASSERT(PortIsUp());
  // Up the task's stack to the hole that Hermit leaves behind it.
  uint8_t byte = 0;
  uintptr_t end = (AddressOf(&byte) | 4095) + 1;
  while (ebpf_port_read_nofault(&byte, end, 1)) {
    end += 4096;
  }
  uint8_t copy[64];
  ebpf::FillBytes(copy, 0xee, sizeof(copy));
  GUEST_EXPECT(!ebpf_port_read_nofault(copy, end - 24, sizeof(copy)));
  GUEST_EXPECT(EqualBytes(
      ebpf::ConstBytes(copy, 24),
      ebpf::ConstBytes(reinterpret_cast<const uint8_t*>(end - 24), 24)));
  for (size_t i = 24; i < sizeof(copy); ++i) {
    GUEST_EXPECT_EQ(copy[i], 0xee);
  }
}

bool CopyFromNowhere(TrapFrame& regs) {
  uint64_t value = 0;
  regs.x[0] = (ebpf_copy_nofault(&value, 16, 8) ? 1 : 0) +
              (ebpf_copy_nofault(&value, 17, 1) ? 2 : 0);
  regs.pc += 4;
  return true;
}

GUEST_TEST(NoFault, SurvivesAFaultThatThePageTablesDidNotTell) {
  GUEST_ASSERT(PortIsUp());
  uint64_t value = 0;
  GUEST_EXPECT(!ebpf_copy_nofault(&value, 0, 8));
  GUEST_EXPECT(!ebpf_copy_nofault(&value, 3, 2));
  GUEST_EXPECT(!ebpf_copy_nofault(&value, uintptr_t{1} << 60, 8));
  // And inside a breakpoint's handler, on the kernel's stack.
  ScopedHook hook(&CopyFromNowhere);
  register uint64_t result asm("x0") = 7;
  asm volatile("brk #5" : "+r"(result) : : "memory");
  GUEST_EXPECT_EQ(result, 0);
}

GUEST_TEST(Time, GoesOnWithTheClockOfTheMachine) {
  GUEST_ASSERT(PortIsUp());
  const uint64_t begin = ebpf_port_time_ns();
  sys_usleep(20'000);
  const uint64_t end = ebpf_port_time_ns();
  GUEST_EXPECT(end - begin >= 20'000'000);
  GUEST_EXPECT(end - begin < 60'000'000'000);
}

GUEST_TEST(Random, DoesNotRepeat) {
  GUEST_ASSERT(PortIsUp());
  uint64_t numbers[64];
  for (uint64_t& number : numbers) {
    number = ebpf_port_random();
  }
  for (size_t i = 0; i < 64; ++i) {
    for (size_t j = 0; j < i; ++j) {
      GUEST_EXPECT(numbers[i] != numbers[j]);
    }
  }
}

GUEST_TEST(Memory, IsZeroedAlignedAndCanRunOut) {
  for (size_t align = 1; align <= 4096; align *= 2) {
    const size_t size = align + 40;
    auto* memory = static_cast<uint8_t*>(ebpf_port_alloc(size, align));
    GUEST_ASSERT(memory != nullptr);
    GUEST_EXPECT_EQ(AddressOf(memory) % align, 0);
    GUEST_EXPECT(ebpf::AllZero(ebpf::ConstBytes(memory, size)));
    ebpf::FillBytes(memory, 0xa5, size);
    ebpf_port_free(memory, size, align);
  }
  GUEST_EXPECT(ebpf_port_alloc(size_t{1} << 40, 8) == nullptr);
}

GUEST_TEST(Interrupts, StayMaskedUntilTheOuterRestore) {
  const uintptr_t outer = ebpf_port_irq_save();
  const uintptr_t inner = ebpf_port_irq_save();
  ebpf_port_irq_restore(inner);
  const uintptr_t still = ebpf_port_irq_save();
  ebpf_port_irq_restore(still);
  ebpf_port_irq_restore(outer);
  const uintptr_t after = ebpf_port_irq_save();
  ebpf_port_irq_restore(after);
  GUEST_EXPECT_EQ(still & 0x80, 0x80);
  GUEST_EXPECT_EQ(after & 0x80, 0);
}

GUEST_TEST(Cpu, IsOne) {
  GUEST_EXPECT_EQ(ebpf_port_cpu_count(), 1);
  GUEST_EXPECT_EQ(ebpf_port_cpu_id(), 0);
}

// Work that notes its turn, and whether it came as a task.
struct Work : ebpf_deferred {
  int turn;
  bool masked;
};
constinit Work works[3] = {};
constinit ebpf::Atomic<int> turns{0};

void RunWork(ebpf_deferred* self) {
  auto* work = static_cast<Work*>(self);
  const uintptr_t daif = ebpf_port_irq_save();
  ebpf_port_irq_restore(daif);
  work->masked = (daif & 0x80) != 0;
  work->turn = turns.FetchAdd(1, ebpf::kRelaxed) + 1;
}

bool DeferAll(TrapFrame& regs) {
  for (Work& work : works) {
    work.run = &RunWork;
    regs.x[0] += ebpf_port_defer(&work) ? 1 : 0;
  }
  regs.pc += 4;
  return true;
}

GUEST_TEST(Defer, RunsInOrderAsATaskWhatATrapLeft) {
  GUEST_ASSERT(PortIsUp());
  register uint64_t accepted asm("x0") = 0;
  {
    ScopedHook hook(&DeferAll);
    asm volatile("brk #6" : "+r"(accepted) : : "memory");
  }
  GUEST_ASSERT(accepted == 3);
  for (int i = 0; i < 100 && turns.Load(ebpf::kRelaxed) < 3; ++i) {
    sys_usleep(10'000);
  }
  for (int i = 0; i < 3; ++i) {
    GUEST_EXPECT_EQ(works[i].turn, i + 1);
    GUEST_EXPECT(!works[i].masked);
  }
}

bool LogALine(TrapFrame& regs) {
  constexpr char kLine[] = "a line from a trap\n";
  ebpf_port_log(kLine, sizeof(kLine) - 1);
  regs.pc += 4;
  return true;
}

GUEST_TEST(Log, TakesLinesInATrap) {
  GUEST_ASSERT(PortIsUp());
  ScopedHook hook(&LogALine);
  asm volatile("brk #7" : : : "memory");
  sys_usleep(30'000);
}

}  // namespace
}  // namespace hermit

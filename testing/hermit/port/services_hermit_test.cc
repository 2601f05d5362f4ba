// SPDX-License-Identifier: MIT
//
// The services of ports/hermit, inside the real kernel.
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
#include "testing/hermit/port/cpu.h"

namespace hermit {
namespace {

using ebpf::TakenFrame;

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
  *static_cast<bool*>(argument) = InterruptsMasked();
  return 23;
}

GUEST_TEST(Text, StopsTheMachineAndGivesTheResult) {
  GUEST_ASSERT(PortIsUp());
  bool masked = false;
  int result = 0;
  GUEST_EXPECT_EQ(ebpf_port_stop_machine(&IsMaskedInside, &masked, &result), 0);
  GUEST_EXPECT_EQ(result, 23);
  GUEST_EXPECT(masked);
  GUEST_EXPECT(!InterruptsMasked());
}

GUEST_TEST(Text, RunsWhatWasJustWritten) {
  GUEST_ASSERT(PortIsUp());
  const uintptr_t near = AddressOf(&sys_getpid);
  void* memory = ebpf_port_exec_alloc(128, near, 128 << 20);
  GUEST_ASSERT(memory != nullptr);
  const auto at = AddressOf(memory);
  for (uint16_t value = 0; value < 1000; ++value) {
    uint8_t code[16];
    const size_t size = ReturnOf(value, code);
    GUEST_ASSERT(WriteText(at, code, size) == 0);
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
      kDevices[0],
      kDevices[1],
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

/// Mapped on none of the CPUs.
constexpr uintptr_t kNowhere = uintptr_t{1} << 35;

constinit unsigned copied_from_nowhere = 0;

bool CopyFromNowhere(TakenFrame& regs) {
  uint64_t value = 0;
  copied_from_nowhere = (CopyUnasked(&value, kNowhere, 8) ? 1 : 0) +
                        (CopyUnasked(&value, kNowhere + 1, 1) ? 2 : 0);
  SkipBreakpoint(regs);
  return true;
}

GUEST_TEST(NoFault, SurvivesAFaultThatThePageTablesDidNotTell) {
  GUEST_ASSERT(PortIsUp());
  uint64_t value = 0;
  GUEST_EXPECT(!CopyUnasked(&value, kNowhere, 8));
  GUEST_EXPECT(!CopyUnasked(&value, kNowhere + 3, 2));
  GUEST_EXPECT(!CopyUnasked(&value, uintptr_t{1} << 60, 8));
  // And inside a breakpoint's handler, on the kernel's stack.
  ScopedHook hook(&CopyFromNowhere);
  copied_from_nowhere = 7;
  HitBreakpoint();
  GUEST_EXPECT_EQ(copied_from_nowhere, 0);
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
  const bool still = InterruptsMasked();
  ebpf_port_irq_restore(outer);
  GUEST_EXPECT(still);
  GUEST_EXPECT(!InterruptsMasked());
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
  work->masked = InterruptsMasked();
  work->turn = turns.FetchAdd(1, ebpf::kRelaxed) + 1;
}

constinit int accepted = 0;

bool DeferAll(TakenFrame& regs) {
  for (Work& work : works) {
    work.run = &RunWork;
    accepted += ebpf_port_defer(&work) ? 1 : 0;
  }
  SkipBreakpoint(regs);
  return true;
}

GUEST_TEST(Defer, RunsInOrderAsATaskWhatATrapLeft) {
  GUEST_ASSERT(PortIsUp());
  {
    ScopedHook hook(&DeferAll);
    HitBreakpoint();
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

bool LogALine(TakenFrame& regs) {
  constexpr char kLine[] = "a line from a trap\n";
  ebpf_port_log(kLine, sizeof(kLine) - 1);
  SkipBreakpoint(regs);
  return true;
}

GUEST_TEST(Log, TakesLinesInATrap) {
  GUEST_ASSERT(PortIsUp());
  ScopedHook hook(&LogALine);
  HitBreakpoint();
  sys_usleep(30'000);
}

}  // namespace
}  // namespace hermit

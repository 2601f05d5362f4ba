// SPDX-License-Identifier: MIT
//
// The guest kernel tests itself: on every CPU and as every personality.
#include "core/base/atomic.h"
#include "core/base/memory.h"
#include "testing/guest/kernel/console.h"
#include "testing/guest/kernel/event.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/memory.h"
#include "testing/guest/kernel/personality.h"
#include "testing/guest/kernel/spin_lock.h"
#include "testing/guest/kernel/test.h"
#include "testing/guest/kernel/thread.h"

namespace guest {

namespace {

GUEST_TEST(Memory, GivesZeroedAlignedBytesAndTakesThemBack) {
  const MemoryBalance before = Balance();
  for (size_t size = 1; size <= 3 * kPageSize; size = size * 3 / 2 + 1) {
    for (size_t align = 1; align <= kPageSize; align *= 2) {
      auto* bytes = static_cast<uint8_t*>(Allocate(size, align));
      GUEST_ASSERT(bytes != nullptr);
      GUEST_EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes) % align, 0);
      GUEST_EXPECT(ebpf::AllZero(ebpf::ConstBytes(bytes, size)));
      ebpf::FillBytes(bytes, 0x11, size);
      Free(bytes, size, align);
    }
  }
  GUEST_EXPECT(Balance() == before);
}

GUEST_TEST(Memory, CountsWhatIsOutstanding) {
  const MemoryBalance before = Balance();
  void* small = Allocate(100, 8);
  void* pages = AllocatePages(3);
  GUEST_EXPECT_EQ(Balance().bytes - before.bytes, 100 + 3 * kPageSize);
  GUEST_EXPECT_EQ(Balance().blocks - before.blocks, 2);
  Free(small, 100, 8);
  FreePages(pages, 3);
  GUEST_EXPECT(Balance() == before);
}

GUEST_TEST(Memory, FailsTheAllocationThatATestAsksFor) {
  FailAllocation(2);
  void* first = Allocate(8, 8);
  void* second = Allocate(8, 8);
  void* third = Allocate(8, 8);
  GUEST_EXPECT(first != nullptr);
  GUEST_EXPECT(second == nullptr);
  GUEST_EXPECT(third != nullptr);
  GUEST_EXPECT(AllocationFailed());
  Free(first, 8, 8);
  Free(third, 8, 8);
  FailAllocation(0);
}

GUEST_TEST(Memory, RefusesWhatThereIsNot) {
  GUEST_EXPECT(Allocate(size_t{1} << 40, 8) == nullptr);
  GUEST_EXPECT(Allocate(0, 8) == nullptr);
  GUEST_EXPECT(Allocate(8, 3) == nullptr);
}

GUEST_TEST(Interrupts, TimerTicksWhileTheCpuIsBusy) {
  const uint64_t begin = TickCount(0);
  const uint64_t start = machine::Nanoseconds();
  while (TickCount(0) < begin + 5) {
    if (machine::Nanoseconds() - start > 5'000'000'000) {
      break;
    }
  }
  GUEST_EXPECT(TickCount(0) >= begin + 5);
}

GUEST_TEST(Interrupts, AreHeldWhileTheyAreOff) {
  const uintptr_t state = machine::IrqSave();
  GUEST_EXPECT(!machine::IrqsEnabled());
  const uint64_t ticks = TickCount(0);
  const uint64_t start = machine::Nanoseconds();
  while (machine::Nanoseconds() - start < 20'000'000) {
  }
  GUEST_EXPECT_EQ(TickCount(0), ticks);
  machine::IrqRestore(state);
  GUEST_EXPECT(machine::IrqsEnabled());
}

GUEST_TEST(Clock, DoesNotGoBack) {
  uint64_t last = machine::Nanoseconds();
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t now = machine::Nanoseconds();
    GUEST_ASSERT(now >= last);
    last = now;
  }
}

struct Counter {
  SpinLock lock;
  uint64_t value = 0;
  ebpf::Atomic<uint32_t> wrong_cpu{0};
  uint32_t cpu_seen[kMaxCpus] = {};
};

void Count(void* argument) {
  auto* counter = static_cast<Counter*>(argument);
  for (int i = 0; i < 2000; ++i) {
    {
      SpinLockGuard guard(counter->lock);
      ++counter->value;
      ++counter->cpu_seen[machine::CpuId()];
    }
    if (machine::CpuId() != CurrentThread()->cpu) {
      counter->wrong_cpu.FetchAdd(1, ebpf::kRelaxed);
    }
    Yield();
  }
}

GUEST_TEST(Threads, ShareALockOnAllCpus) {
  static constinit Counter counter;
  const MemoryBalance before = Balance();
  Thread* threads[3 * kMaxCpus] = {};
  const uint32_t count = 3 * OnlineCpus();
  for (uint32_t i = 0; i < count; ++i) {
    threads[i] = Spawn("counter", i % OnlineCpus(), Count, &counter);
    GUEST_ASSERT(threads[i] != nullptr);
  }
  for (uint32_t i = 0; i < count; ++i) {
    Join(threads[i]);
  }
  GUEST_EXPECT_EQ(counter.value, 2000 * count);
  GUEST_EXPECT_EQ(counter.wrong_cpu.Load(ebpf::kRelaxed), 0);
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    GUEST_EXPECT_EQ(counter.cpu_seen[cpu], 6000);
  }
  GUEST_EXPECT(Balance() == before);
}

void SetEvent(void* argument) {
  SleepTicks(2);
  static_cast<Event*>(argument)->Set();
}

GUEST_TEST(Threads, WaitForAnEventOfAnotherCpu) {
  static constinit Event event;
  Thread* thread = Spawn("setter", OnlineCpus() - 1, SetEvent, &event);
  GUEST_ASSERT(thread != nullptr);
  event.Wait();
  Join(thread);
  event.Set();
  event.Wait();  // came before the wait
}

void FillRegisters(void* argument) {
  // Many values live across switches of threads.
  auto* sum = static_cast<uint64_t*>(argument);
  uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8;
  for (int i = 0; i < 500; ++i) {
    a += b, b += c, c += d, d += e, e += f, f += g, g += h, h += a;
    Yield();
  }
  *sum = a ^ b ^ c ^ d ^ e ^ f ^ g ^ h;
}

GUEST_TEST(Threads, KeepTheirRegisters) {
  uint64_t sums[2] = {};
  Thread* one = Spawn("one", 0, FillRegisters, &sums[0]);
  Thread* two = Spawn("two", 0, FillRegisters, &sums[1]);
  GUEST_ASSERT(one != nullptr && two != nullptr);
  Join(one);
  Join(two);
  GUEST_EXPECT(sums[0] != 0);
  GUEST_EXPECT_EQ(sums[0], sums[1]);
}

struct Hog {
  ebpf::Atomic<bool> end{false};
  ebpf::Atomic<bool> other_ran{false};
};

void NeverYield(void* argument) {
  auto* hog = static_cast<Hog*>(argument);
  // Registers that a switch in an interrupt must keep.
  uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8;
  const uint64_t end = TickCount(machine::CpuId()) + 10;
  while (TickCount(machine::CpuId()) < end) {
    a += 1, b += 1, c += 1, d += 1, e += 1, f += 1, g += 1, h += 1;
  }
  if (b - a != 1 || c - b != 1 || d - c != 1 || e - d != 1 || f - e != 1 ||
      g - f != 1 || h - g != 1) {
    FailTest(__FILE__, __LINE__, "a register changed");
  }
  hog->end.Store(true, ebpf::kRelease);
}

void RunBesideHog(void* argument) {
  auto* hog = static_cast<Hog*>(argument);
  if (!hog->end.Load(ebpf::kAcquire)) {
    hog->other_ran.Store(true, ebpf::kRelease);
  }
}

/// Whether another thread of its CPU runs before one ends that never yields.
bool IsPreempted(bool preemptive) {
  Hog hog;
  SetPreemptive(preemptive);
  Thread* first = Spawn("hog", OnlineCpus() - 1, NeverYield, &hog);
  Thread* second = Spawn("other", OnlineCpus() - 1, RunBesideHog, &hog);
  if (first == nullptr || second == nullptr) {
    FailTest(__FILE__, __LINE__, "no memory");
  }
  if (first != nullptr) {
    Join(first);
  }
  if (second != nullptr) {
    Join(second);
  }
  SetPreemptive(false);
  return hog.other_ran.Load(ebpf::kAcquire);
}

GUEST_TEST(Threads, ArePreemptedIfTheKernelDoesSo) {
  GUEST_EXPECT(!IsPreempted(false));
  if (!personality::kCanPreempt) {
    SkipTest("this kernel never preempts");
    return;
  }
  GUEST_EXPECT(IsPreempted(true));
}

constinit ebpf::Atomic<bool> ends_wait_for_ticks{false};

void End(void* /*argument*/) {}

GUEST_TEST(Threads, AnEndIsToldThoughTicksComeMeanwhile) {
  if (!personality::kCanPreempt) {
    SkipTest("this kernel never preempts");
    return;
  }
  // On this CPU: a tick has somebody to go on with, who waits for the end.
  Thread* thread = Spawn("ends", machine::CpuId(), End, nullptr);
  GUEST_ASSERT(thread != nullptr);
  ends_wait_for_ticks.Store(true, ebpf::kRelaxed);
  SetPreemptive(true);
  Join(thread);
  SetPreemptive(false);
  ends_wait_for_ticks.Store(false, ebpf::kRelaxed);
}

GUEST_TEST(Threads, AreNotPreemptedWhereTheyForbidIt) {
  SetPreemptive(true);
  PreemptDisable();
  const uint32_t cpu = machine::CpuId();
  Hog hog;
  Thread* thread = Spawn("other", cpu, RunBesideHog, &hog);
  const uint64_t end = TickCount(cpu) + 5;
  while (TickCount(cpu) < end) {
    machine::Relax();
  }
  GUEST_EXPECT(!hog.other_ran.Load(ebpf::kAcquire));
  PreemptEnable();
  GUEST_ASSERT(thread != nullptr);
  Join(thread);
  SetPreemptive(false);
}

constinit uint8_t in_data = 7;
const uint8_t kInRodata = 9;
int InText() { return 5; }

GUEST_TEST(Protection, TextAndConstantsCannotBeWritten) {
  const auto text = reinterpret_cast<uintptr_t>(&InText);
  const auto rodata = reinterpret_cast<uintptr_t>(&kInRodata);
  GUEST_EXPECT(!machine::TryStore8(text, 0x90));
  GUEST_EXPECT(!machine::TryStore8(rodata, 1));
  GUEST_EXPECT(machine::TryStore8(reinterpret_cast<uintptr_t>(&in_data), 8));
  GUEST_EXPECT_EQ(in_data, 8);
  GUEST_EXPECT_EQ(InText(), 5);
}

GUEST_TEST(Protection, ConstantsCannotBeExecuted) {
  GUEST_EXPECT(!machine::TryCall(reinterpret_cast<uintptr_t>(&kInRodata)));
  GUEST_EXPECT(machine::TryCall(reinterpret_cast<uintptr_t>(&InText)));
}

GUEST_TEST(Protection, NothingIsMappedAtNull) {
  uint8_t value = 0;
  GUEST_EXPECT(!machine::TryLoad8(0, &value));
  GUEST_EXPECT(!machine::TryLoad8(0x1000, &value));
  GUEST_EXPECT(!machine::TryLoad8(uintptr_t{1} << 62, &value));
  GUEST_EXPECT(
      machine::TryLoad8(reinterpret_cast<uintptr_t>(&kInRodata), &value));
  GUEST_EXPECT_EQ(value, 9);
}

void TryTextOnThisCpu(void* argument) {
  *static_cast<bool*>(argument) =
      machine::TryStore8(reinterpret_cast<uintptr_t>(&InText), 0x90);
}

GUEST_TEST(Protection, HoldsOnEveryCpu) {
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    bool written = true;
    Thread* thread = Spawn("writer", cpu, TryTextOnThisCpu, &written);
    GUEST_ASSERT(thread != nullptr);
    Join(thread);
    GUEST_EXPECT(!written);
  }
}

GUEST_TEST(Mapping, AnAliasShowsTheSameBytes) {
  auto* page = static_cast<uint8_t*>(AllocatePages(1));
  GUEST_ASSERT(page != nullptr);
  machine::Mapping mapping;
  GUEST_ASSERT(machine::Query(reinterpret_cast<uintptr_t>(page), &mapping));
  // A place that nobody uses: far above RAM in the direct map.
  const uintptr_t alias = machine::DirectMapBase() + (uintptr_t{48} << 30);
  GUEST_ASSERT(machine::Map(alias, mapping.phys, kPageSize, machine::kWrite));
  *reinterpret_cast<volatile uint8_t*>(alias + 5) = 0x42;
  GUEST_EXPECT_EQ(page[5], 0x42);
  machine::Unmap(alias, kPageSize);
  uint8_t value = 0;
  GUEST_EXPECT(!machine::TryLoad8(alias + 5, &value));
  FreePages(page, 1);
}

constexpr uint32_t kLinesPerCpu = 30;  // all CPUs' fit into the queue
constinit uint32_t whole_lines[kMaxCpus] = {};
constinit uint32_t other_lines = 0;

void PrintMany(void* argument) {
  for (uint32_t i = 0; i < kLinesPerCpu; ++i) {
    Line() << reinterpret_cast<uintptr_t>(argument) << " abcdefghijklm " << i;
  }
}

void CheckLine(ebpf::StringView line) {
  const uint32_t cpu = line.empty() ? kMaxCpus : line[0] - uint32_t{'0'};
  if (cpu >= kMaxCpus) {
    ++other_lines;
    return;
  }
  char buffer[kMaxLine];
  ebpf::TextWriter expected(buffer, sizeof buffer);
  expected.PutUnsigned(cpu)
      .Put(" abcdefghijklm ")
      .PutUnsigned(whole_lines[cpu]++);
  other_lines += !(line == expected.text());
}

GUEST_TEST(Console, PrintsWholeLinesFromAllCpus) {
  SetConsoleSink(CheckLine);
  Thread* threads[kMaxCpus] = {};
  for (uintptr_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    threads[cpu] = Spawn("printer", static_cast<uint32_t>(cpu), PrintMany,
                         reinterpret_cast<void*>(cpu));
  }
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    if (threads[cpu] != nullptr) {
      Join(threads[cpu]);
    }
  }
  FlushConsole();
  SetConsoleSink(nullptr);
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    GUEST_EXPECT_EQ(whole_lines[cpu], kLinesPerCpu);
  }
  GUEST_EXPECT_EQ(other_lines, 0);
}

}  // namespace
}  // namespace guest

// The kernel calls this between a thread's end and telling who waits for it.
extern "C" void ebpf_task_exit(uint64_t /*stack_begin*/,
                               uint64_t /*stack_end*/) {
  if (guest::ends_wait_for_ticks.Load(ebpf::kRelaxed)) {
    const uint32_t cpu = guest::machine::CpuId();
    const uint64_t end = guest::TickCount(cpu) + 2;
    while (guest::TickCount(cpu) < end) {
      guest::machine::Relax();
    }
  }
}

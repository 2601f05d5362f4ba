// SPDX-License-Identifier: MIT
//
// Where Hermit starts its application, and the console of our tests.
#include "testing/hermit/application/application.h"

#include "core/base/memory.h"
#include "core/platform/cpu.h"
#include "core/platform/nofault.h"
#include "testing/guest/kernel/console.h"

namespace guest {

void PrintLine(ebpf::StringView line) {
  char buffer[kMaxLine + 1];
  const size_t size = ebpf::Min(line.size(), kMaxLine);
  ebpf::CopyBytes(buffer, line.data(), size);
  buffer[size] = '\n';
  hermit::Print(ebpf::StringView(buffer, size + 1));
}

}  // namespace guest

namespace hermit {
namespace {

constinit const char* first_argument = "";

constexpr uint8_t kNormalPriority = 2;
constexpr uint8_t kHighPriority = 3;

int32_t SpawnAt(uint8_t priority, uint32_t cpu,
                void (*function)(uintptr_t argument), uintptr_t argument,
                size_t stack_size) {
  const uintptr_t interrupts = ebpf_port_irq_save();
  const int32_t task =
      sys_spawn2(function, argument, priority, stack_size, cpu);
  ebpf_port_irq_restore(interrupts);
  return task;
}

/// Sleeps for ever, so that a timer's interrupt comes again and again, at whose
/// end Hermit 0.11 switches tasks: it has no other tick. Without, two things of
/// Hermit's never end. A task that finds a lock of the file system taken polls
/// it (executor::block_on: what is notified first is itself), and its owner may
/// have been switched away from. And on AArch64 a task that blocks asks for the
/// switch by an interrupt (SGI); if its time is up when that comes, it is ready
/// again, another one runs, and the timer is off: that one has the CPU until it
/// gives it up. This task is never the one that waits then, since a ready task
/// of higher priority goes on at once. And where the idle task of another CPU
/// finds two tasks ready, the one that comes second has no tick either.
void Tick(uintptr_t /*unused*/) {
  constexpr uint64_t kMicroseconds = 10'000;  // less, and Hermit spins
  LetInterruptsIn();
  for (;;) {
    sys_usleep(kMicroseconds);
  }
}

/// On each CPU.
bool StartTicks() {
  constexpr size_t kStack = 64 << 10;
  bool started = true;
  for (uint32_t cpu = 0; cpu < sys_get_processor_count(); ++cpu) {
    started = started && SpawnAt(kHighPriority, cpu, &Tick, 0, kStack) > 0;
  }
  return started;
}

}  // namespace

ebpf::StringView Argument() { return first_argument; }

int32_t Spawn(void (*function)(uintptr_t argument), uintptr_t argument,
              size_t stack_size) {
  return SpawnOn(0, function, argument, stack_size);
}

int32_t SpawnOn(uint32_t cpu, void (*function)(uintptr_t argument),
                uintptr_t argument, size_t stack_size) {
  return SpawnAt(kNormalPriority, cpu, function, argument, stack_size);
}

uintptr_t HoleBehindTheStack() {
  constexpr uintptr_t kPageSize = 4096;
  uint8_t byte = 0;
  uintptr_t page = reinterpret_cast<uintptr_t>(&byte) & ~(kPageSize - 1);
  do {
    page += kPageSize;
  } while (ebpf_port_read_nofault(&byte, page, 1));
  return page;
}

}  // namespace hermit

/// Hermit's name for an application's entry.
extern "C" [[noreturn]] void runtime_entry(int32_t argc,
                                           const uint8_t* const* argv,
                                           const uint8_t* const* /*env*/) {
  if (argc > 1) {
    hermit::first_argument = reinterpret_cast<const char*>(argv[1]);
  }
  hermit::LetInterruptsIn();
  const bool passed = hermit::StartTicks() && hermit::RunApplication();
  if (passed) {
    guest::PrintLine("[TEST] PASS");
  }
  hermit::Exit(passed ? 0 : 1);
}

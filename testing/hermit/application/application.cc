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

}  // namespace

ebpf::StringView Argument() { return first_argument; }

int32_t Spawn(void (*function)(uintptr_t argument), uintptr_t argument,
              size_t stack_size) {
  constexpr uint8_t kPriority = 2;
  const uintptr_t interrupts = ebpf_port_irq_save();
  const int32_t task = sys_spawn2(function, argument, kPriority, stack_size, 0);
  ebpf_port_irq_restore(interrupts);
  return task;
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
  const bool passed = hermit::RunApplication();
  if (passed) {
    guest::PrintLine("[TEST] PASS");
  }
  hermit::Exit(passed ? 0 : 1);
}

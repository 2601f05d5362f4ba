// SPDX-License-Identifier: MIT
//
// Where Hermit starts its application, and the console of our tests.
#include "testing/hermit/application/application.h"

#include "core/base/memory.h"
#include "core/platform/log.h"
#include "testing/guest/kernel/console.h"

namespace guest {

void PrintLine(ebpf::StringView line) {
  char buffer[kMaxLine + 1];
  const size_t size = ebpf::Min(line.size(), kMaxLine);
  ebpf::CopyBytes(buffer, line.data(), size);
  buffer[size] = '\n';
  // By the port's log: it takes lines in any context.
  ebpf_port_log(buffer, size + 1);
}

}  // namespace guest

/// Hermit's name for an application's entry.
extern "C" [[noreturn]] void runtime_entry(int32_t /*argc*/,
                                           const uint8_t* const* /*argv*/,
                                           const uint8_t* const* /*env*/) {
  const bool passed = hermit::RunApplication();
  if (passed) {
    guest::PrintLine("[TEST] PASS");
  }
  hermit::Exit(passed ? 0 : 1);
}

// SPDX-License-Identifier: MIT
//
// The contract of core/platform/log.h: that it hangs and crashes nowhere. What
// comes out is the runner's to see.
#include "core/platform/cpu.h"
#include "core/platform/log.h"
#include "core/selftest/case.h"

namespace ebpf::selftest {
namespace {

constexpr char kLine[] = "port contract: a line of the log\n";

void TakesLinesOfAnyLength(Environment& /*environment*/) {
  static constinit char line[500] = {};
  for (char& c : line) {
    c = '.';
  }
  line[sizeof line - 1] = '\n';
  ebpf_port_log(kLine, sizeof kLine - 1);
  ebpf_port_log(line, 0);
  ebpf_port_log(line, sizeof line);
}

void TakesLinesWithInterruptsMasked(Environment& /*environment*/) {
  const uintptr_t irq = ebpf_port_irq_save();
  for (int i = 0; i < 100; ++i) {  // more than a buffer may hold
    ebpf_port_log(".\n", 2);
  }
  ebpf_port_irq_restore(irq);
}

void LogOnce(void* argument) {
  ebpf_port_log(kLine, sizeof kLine - 1);
  *static_cast<bool*>(argument) = true;
}

void TakesLinesInATrap(Environment& environment) {
  bool logged = false;
  if (!environment.CallInTrap(LogOnce, &logged)) {
    environment.Skipped("no breakpoint trap");
    return;
  }
  PORT_EXPECT(environment, logged);
}

constexpr Case kCases[] = {
    {"Log.TakesLinesOfAnyLength", TakesLinesOfAnyLength},
    {"Log.TakesLinesWithInterruptsMasked", TakesLinesWithInterruptsMasked},
    {"Log.TakesLinesInATrap", TakesLinesInATrap, kMayKill},
};

}  // namespace

Span<const Case> LogCases() { return kCases; }

}  // namespace ebpf::selftest

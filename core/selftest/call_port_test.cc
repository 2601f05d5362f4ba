// SPDX-License-Identifier: MIT
//
// The contract of ebpf_port_call_on_cpu, which is of tier T3, unlike the rest
// of core/platform/cpu.h.
#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/selftest/case.h"

namespace ebpf::selftest {
namespace {

struct CallOnCpu {
  Environment& environment;
  uint32_t cpu;
  uint32_t calls;
};

void CalledOnCpu(void* argument) {
  auto& call = *static_cast<CallOnCpu*>(argument);
  ++call.calls;
  PORT_EXPECT(call.environment, ebpf_port_cpu_id() == call.cpu);
  PORT_EXPECT(call.environment, call.environment.InterruptsMasked());
}

/// Each CPU comes, or says that it does not.
void CpusAreCalled(Environment& environment) {
  CallOnCpu call = {environment, ebpf_port_cpu_id(), 0};
  const int own = ebpf_port_call_on_cpu(call.cpu, CalledOnCpu, &call);
  if (own == kMinusNotSupported) {
    PORT_EXPECT(environment, call.calls == 0);
    environment.Skipped("no CPU can be called");
    return;
  }
  PORT_EXPECT(environment, own == 0 && call.calls == 1);
  for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
    CallOnCpu each = {environment, cpu, 0};
    const int result = ebpf_port_call_on_cpu(cpu, CalledOnCpu, &each);
    PORT_EXPECT(environment, result == 0 || result == kMinusNoSuchDevice);
    PORT_EXPECT(environment, each.calls == (result == 0 ? 1u : 0u));
  }
  PORT_EXPECT(environment, !environment.InterruptsMasked());
  PORT_EXPECT(environment,
              ebpf_port_call_on_cpu(ebpf_port_cpu_count(), CalledOnCpu,
                                    &call) == kMinusNoSuchDevice);
}

constexpr Case kCases[] = {
    {"Cpu.CpusAreCalled", CpusAreCalled},
};

}  // namespace

Span<const Case> CallCases() { return kCases; }

}  // namespace ebpf::selftest

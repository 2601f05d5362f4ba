// SPDX-License-Identifier: MIT
//
// The contract of core/platform/version.h.
#include "core/platform/version.h"
#include "core/selftest/case.h"

namespace ebpf::selftest {
namespace {

void ThePortSaysWhichContractItWasWrittenFor(Environment& environment) {
  PORT_EXPECT(environment, ebpf_port_written_for != 0);
}

// EBPF_PORT_WRITTEN_FOR sees to it where the port is compiled with this core;
// an object of another day may come in by an archive.
void ThatContractIsOurs(Environment& environment) {
  if (ebpf_port_written_for == 0) {
    environment.Skipped("nobody knows");
    return;
  }
  PORT_EXPECT(environment, ebpf_port_written_for >= EBPF_PORT_API_OLDEST);
  PORT_EXPECT(environment, ebpf_port_written_for <= EBPF_PORT_API);
}

constexpr Case kCases[] = {
    {"Version.ThePortSaysWhichContractItWasWrittenFor",
     ThePortSaysWhichContractItWasWrittenFor},
    {"Version.ThatContractIsOurs", ThatContractIsOurs},
};

}  // namespace

Span<const Case> VersionCases() { return kCases; }

}  // namespace ebpf::selftest

// SPDX-License-Identifier: MIT
//
// core/selftest/selftest.h's entry.
#include "core/platform/time.h"
#include "core/probes/kprobe.h"
#include "core/selftest/contract.h"
#include "core/selftest/kernel_environment.h"
#include "core/selftest/line.h"
#include "core/selftest/selftest.h"

namespace {

/// Cases wait by the clock: with one that stands still they never end.
bool ClockGoesOn() {
  constexpr uint32_t kReads = 10'000'000;
  const uint64_t begin = ebpf_port_time_ns();
  for (uint32_t i = 0; i < kReads; ++i) {
    if (ebpf_port_time_ns() != begin) {
      return true;
    }
  }
  return false;
}

/// The tiers that failed.
uint32_t Run(const ebpf_selftest_kernel& kernel, uint32_t tiers) {
  ebpf::selftest::KernelEnvironment environment(kernel);
  return ebpf::selftest::RunContract(environment, tiers).FailedTiers();
}

}  // namespace

extern "C" uint32_t ebpf_port_selftest(const ebpf_selftest_kernel* kernel) {
  using namespace ebpf::selftest;
  if (!ClockGoesOn()) {
    Line line;
    line.writer().Put(
        "FAIL ebpf_port_time_ns stands still, and without a clock nothing can "
        "be tested; does it need a start?");
    return 1;
  }
  const ebpf_selftest_kernel nothing = {};
  const ebpf_selftest_kernel& given = kernel != nullptr ? *kernel : nothing;
  constexpr uint32_t kProbes = 1 << 1;
  const uint32_t tiers = given.tiers != 0 ? given.tiers : kAllTiers;
  const bool tests_probes = (tiers & kProbes) != 0;
  if (tests_probes) {
    ebpf::RefuseKprobes(nullptr);  // an earlier run may have
  }
  const uint32_t failed = Run(given, tiers);
  if (tests_probes && (failed & kProbes) != 0) {
    ebpf::RefuseKprobes(
        "this kernel's port fails its self-test of T1; what fails is in its "
        "lines above");
  }
  return failed;
}

// SPDX-License-Identifier: MIT
//
// core/selftest/selftest.h's entry.
#include "core/selftest/contract.h"
#include "core/selftest/kernel_environment.h"
#include "core/selftest/selftest.h"

extern "C" uint32_t ebpf_port_selftest(const ebpf_selftest_kernel* kernel) {
  using namespace ebpf::selftest;
  const ebpf_selftest_kernel nothing = {};
  const ebpf_selftest_kernel& given = kernel != nullptr ? *kernel : nothing;
  KernelEnvironment environment(given);
  return RunContract(environment, given.tiers != 0 ? given.tiers : kAllTiers)
      .FailedTiers();
}

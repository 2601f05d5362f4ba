// SPDX-License-Identifier: MIT
//
// Start of eBPF on DragonOS.
#include "arch/x86_64/machine/cpu_features.h"
#include "arch/x86_64/machine_ops.h"
#include "core/capi/ebpf.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/services.h"

extern "C" int ebpf_dragonos_init() {
  const int status = ebpf::dragonos::StartServices();
  if (status != 0) {
    return status;
  }
  // CPUs of one machine have the same of these, as DragonOS assumes, too.
  const ebpf_options options = {.cpu_features = ebpf::x86_64::CpuFeatures(),
                                .interpret = false,
                                .blind_constants = false};
  return ebpf_init(
      reinterpret_cast<const ebpf_machine*>(&ebpf::x86_64::kMachineOps),
      &options);
}

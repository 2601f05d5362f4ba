// SPDX-License-Identifier: MIT
#include "arch/aarch64/machine/cpu_features.h"
#include "arch/aarch64/machine_ops.h"
#include "core/capi/ebpf.h"
#include "testing/guest/personalities/plain/port.h"

namespace guest::plain {

int InitPort() {
  constexpr int kMinusNoMemory = -12;  // -ENOMEM
  if (!PrepareText() || !StartDeferWorker()) {
    return kMinusNoMemory;
  }
  InstallHooks();
  const ebpf_options options = {.cpu_features = ebpf::aarch64::CpuFeatures(),
                                .interpret = false,
                                .blind_constants = false};
  return ebpf_init(
      reinterpret_cast<const ebpf_machine*>(&ebpf::aarch64::kMachineOps),
      &options);
}

}  // namespace guest::plain

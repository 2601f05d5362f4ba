// SPDX-License-Identifier: MIT
//
// Start of eBPF on DragonOS.
#include "core/capi/ebpf.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/machine.h"
#include "ports/dragonos/services.h"

extern "C" int ebpf_dragonos_init() {
  using namespace ebpf::dragonos;
  const int status = StartServices();
  if (status != 0) {
    return status;
  }
  const ebpf_options options = {.cpu_features = MachineFeatures(),
                                .interpret = false,
                                .blind_constants = false};
  return ebpf_init(reinterpret_cast<const ebpf_machine*>(&Machine()), &options);
}

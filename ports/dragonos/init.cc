// SPDX-License-Identifier: MIT
//
// Start of eBPF on DragonOS.
#include "core/capi/ebpf.h"
#include "machine/this_machine.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/services.h"

extern "C" int ebpf_dragonos_init() {
  const int status = ebpf::dragonos::StartServices();
  if (status != 0) {
    return status;
  }
  using namespace ebpf::machine;
  // CPUs of one machine have the same, as DragonOS assumes, too.
  const ebpf_options options = {.cpu_features = ThisMachineFeatures(),
                                .interpret = false,
                                .blind_constants = false};
  return ebpf_init(reinterpret_cast<const ebpf_machine*>(&ThisMachine()),
                   &options);
}

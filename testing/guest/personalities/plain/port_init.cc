// SPDX-License-Identifier: MIT
#include "core/capi/ebpf.h"
#include "core/platform/errors.h"
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/personalities/plain/port_machine.h"

namespace guest::plain {

int InitPort() {
  if (!PrepareText() || !StartDeferWorker()) {
    return ebpf::kMinusNoMemory;
  }
  InstallHooks();
  const ebpf_options options = {.cpu_features = CpuFeatures(),
                                .interpret = false,
                                .blind_constants = false};
  return ebpf_init(reinterpret_cast<const ebpf_machine*>(&Machine()), &options);
}

}  // namespace guest::plain

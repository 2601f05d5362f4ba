// SPDX-License-Identifier: MIT
//
// testing/guest/personalities/plain/port_machine.h for AArch64.
#include "arch/aarch64/machine/cpu_features.h"
#include "arch/aarch64/machine_ops.h"
#include "testing/guest/personalities/plain/port_machine.h"

namespace guest::plain {

const ebpf::machine::MachineOps& Machine() {
  return ebpf::aarch64::kMachineOps;
}

uint64_t CpuFeatures() { return ebpf::aarch64::CpuFeatures(); }

}  // namespace guest::plain

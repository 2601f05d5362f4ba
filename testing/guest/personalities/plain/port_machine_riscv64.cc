// SPDX-License-Identifier: MIT
//
// testing/guest/personalities/plain/port_machine.h for RISC-V.
#include "arch/riscv64/machine/cpu_features.h"
#include "arch/riscv64/machine_ops.h"
#include "testing/guest/personalities/plain/port_machine.h"

namespace guest::plain {

const ebpf::machine::MachineOps& Machine() {
  return ebpf::riscv64::kMachineOps;
}

uint64_t CpuFeatures() { return ebpf::riscv64::CpuFeatures(); }

}  // namespace guest::plain

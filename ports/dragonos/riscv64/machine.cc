// SPDX-License-Identifier: MIT
//
// Which table of arch/ the port hands to core.
#include "ports/dragonos/machine.h"

#include "arch/riscv64/machine/cpu_features.h"
#include "arch/riscv64/machine_ops.h"

namespace ebpf::dragonos {

uint64_t MachineFeatures() { return riscv64::CpuFeatures(); }

const machine::MachineOps& Machine() { return riscv64::kMachineOps; }

}  // namespace ebpf::dragonos

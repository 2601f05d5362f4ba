// SPDX-License-Identifier: MIT
//
// Which table of arch/ the port hands to core.
#include "ports/dragonos/machine.h"

#include "arch/x86_64/machine/cpu_features.h"
#include "arch/x86_64/machine_ops.h"

namespace ebpf::dragonos {

// CPUs of one machine have the same of these, as DragonOS assumes, too.
uint64_t MachineFeatures() { return x86_64::CpuFeatures(); }

const machine::MachineOps& Machine() { return x86_64::kMachineOps; }

}  // namespace ebpf::dragonos

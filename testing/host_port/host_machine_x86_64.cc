// SPDX-License-Identifier: MIT
//
// x86-64: CPUID tells.
#include "arch/x86_64/machine_ops.h"
#include "testing/host_port/host_machine.h"

namespace ebpf {

const machine::MachineOps& ThisMachine() { return x86_64::kMachineOps; }

uint64_t ThisCpuFeatures() { return 0; }

}  // namespace ebpf

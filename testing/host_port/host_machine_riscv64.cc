// SPDX-License-Identifier: MIT
//
// RISC-V: what the CPU has is found by trying.
#include "arch/riscv64/machine_ops.h"
#include "testing/host_port/host_machine.h"

namespace ebpf {

const machine::MachineOps& ThisMachine() { return riscv64::kMachineOps; }

uint64_t ThisCpuFeatures() { return 0; }

}  // namespace ebpf

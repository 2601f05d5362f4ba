// SPDX-License-Identifier: MIT
//
// What a port on RISC-V hands to ebpf_init: the facade `machine/` of
// core/decisions/0007-selftest.md, of which the build chooses one.
#pragma once

#include "arch/riscv64/machine/cpu_features.h"
#include "arch/riscv64/machine_ops.h"

namespace ebpf::machine {

inline const MachineOps& ThisMachine() { return riscv64::kMachineOps; }

/// arch/riscv64/machine/cpu_features.h says what it takes. Context: task.
inline uint64_t ThisMachineFeatures() { return riscv64::CpuFeatures(); }

}  // namespace ebpf::machine

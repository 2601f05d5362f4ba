// SPDX-License-Identifier: MIT
//
// What a port on AArch64 hands to ebpf_init: the facade `machine/` of
// core/decisions/0007-selftest.md, of which the build chooses one.
#pragma once

#include "arch/aarch64/machine/cpu_features.h"
#include "arch/aarch64/machine_ops.h"

namespace ebpf::machine {

inline const MachineOps& ThisMachine() { return aarch64::kMachineOps; }

/// arch/aarch64/machine/cpu_features.h says what it takes. Context: task.
inline uint64_t ThisMachineFeatures() { return aarch64::CpuFeatures(); }

}  // namespace ebpf::machine

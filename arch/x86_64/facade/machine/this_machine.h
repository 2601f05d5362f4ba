// SPDX-License-Identifier: MIT
//
// What a port on x86-64 hands to ebpf_init: the facade `machine/` of
// core/decisions/0007-selftest.md, of which the build chooses one.
#pragma once

#include "arch/x86_64/machine/cpu_features.h"
#include "arch/x86_64/machine_ops.h"

namespace ebpf::machine {

inline const MachineOps& ThisMachine() { return x86_64::kMachineOps; }

/// arch/x86_64/machine/cpu_features.h says what it takes. Context: task.
inline uint64_t ThisMachineFeatures() { return x86_64::CpuFeatures(); }

}  // namespace ebpf::machine

// SPDX-License-Identifier: MIT
//
// The CPU that this process runs on, for tests that run what was compiled.
#pragma once

#include <stdint.h>

#include "core/machine/machine_ops.h"

namespace ebpf {

const machine::MachineOps& ThisMachine();

/// What the CPU has of the features that its macro assembler can use: bits of
/// arch/<isa>/macro_assembler.h.
uint64_t ThisCpuFeatures();

}  // namespace ebpf

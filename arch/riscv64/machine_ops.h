// SPDX-License-Identifier: MIT
//
// What core is told of RISC-V.
#pragma once

#include "core/machine/machine_ops.h"

namespace ebpf::riscv64 {

/// For ebpf_init.
[[gnu::visibility("hidden")]] extern const machine::MachineOps kMachineOps;

}  // namespace ebpf::riscv64

// SPDX-License-Identifier: MIT
//
// What core is told of AArch64.
#pragma once

#include "core/machine/machine_ops.h"

namespace ebpf::aarch64 {

/// For ebpf_init.
[[gnu::visibility("hidden")]] extern const machine::MachineOps kMachineOps;

}  // namespace ebpf::aarch64

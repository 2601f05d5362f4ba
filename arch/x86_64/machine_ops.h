// SPDX-License-Identifier: MIT
//
// What core is told of x86-64.
#pragma once

#include "core/machine/machine_ops.h"

namespace ebpf::x86_64 {

/// For ebpf_init.
[[gnu::visibility("hidden")]] extern const machine::MachineOps kMachineOps;

}  // namespace ebpf::x86_64

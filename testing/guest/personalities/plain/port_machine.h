// SPDX-License-Identifier: MIT
//
// The CPU that the plain port tells core of: port_machine_<cpu>.cc.
#pragma once

#include <stdint.h>

#include "core/machine/machine_ops.h"

namespace guest::plain {

const ebpf::machine::MachineOps& Machine();

/// For ebpf_options. Context: task, with the hooks installed.
uint64_t CpuFeatures();

}  // namespace guest::plain

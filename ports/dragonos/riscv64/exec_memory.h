// SPDX-License-Identifier: MIT
//
// Executable memory, as what writes it sees it.
#pragma once

#include "core/platform/exec_pool.h"

namespace ebpf::dragonos {

/// exec_pool.S; what is not taken holds breakpoints. Changed with interrupts
/// masked on the one CPU.
extern ExecPool exec_pool;

}  // namespace ebpf::dragonos

// SPDX-License-Identifier: MIT
//
// Executable memory, as what writes it sees it.
#pragma once

#include "core/platform/exec_pool.h"

namespace ebpf::hermit {

/// Part of the image, and so near to all kernel text. Changed with interrupts
/// masked on Hermit's one CPU.
extern ExecPool exec_pool;

}  // namespace ebpf::hermit

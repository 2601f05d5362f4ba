// SPDX-License-Identifier: MIT
//
// Executable memory inside the kernel's text: what holds code is mapped once,
// and not to be written. (Frames from the allocator are writable at their
// physical address for ever: Alien maps RAM in leaves of 2 MiB, whole.)
#pragma once

#include "core/platform/exec_pool.h"

namespace ebpf::alien {

/// exec_pool.S; what is not taken holds breakpoints. Changed in task context
/// only: tasks do not preempt each other in the kernel.
extern ExecPool exec_pool;

}  // namespace ebpf::alien

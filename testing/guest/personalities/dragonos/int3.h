// SPDX-License-Identifier: MIT
//
// The kernel's own handling of breakpoints, for tests of it.
#pragma once

#include "ports/dragonos/x86_64/trap_frame.h"

namespace guest::dragonos {

/// Sees each breakpoint that reaches do_int3; or null. Set before the first.
extern void (*int3_observer)(dragonos_trap_frame& frame);

}  // namespace guest::dragonos

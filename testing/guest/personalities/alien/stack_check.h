// SPDX-License-Identifier: MIT
//
// Whether anybody leaves the 8 KiB of a kernel stack. Alien has no guard page:
// whoever does overwrites what lies below, and it dies some time later.
#pragma once

#include <stddef.h>

#include "ports/alien/kernel.h"

namespace guest {
struct Thread;
}

namespace guest::alien {

/// Prepares the stack of a thread that has not run yet.
void WatchStack(Thread* thread);

/// Ends the guest if the running thread has gone beyond its stack, in this
/// trap or before. Context: trap.
///
/// Under the name of its caller, which the port keeps free of probes: what runs
/// before the breakpoint's handler must not hit one.
void CheckStackAtTrap(const alien_ktrap_frame* frame) asm(
    "do_kernel_handle_check_stack");

/// The most bytes of its stack that `thread` has used.
size_t StackUsed(const Thread* thread);

}  // namespace guest::alien

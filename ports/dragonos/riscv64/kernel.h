// SPDX-License-Identifier: MIT
//
// What is DragonOS's on RISC-V alone, beside ports/dragonos/kernel.h.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "ports/dragonos/kernel.h"
#include "ports/dragonos/riscv64/trap_frame.h"

extern "C" {

// --- What the glue exports --------------------------------------------------

/// The `index`-th range of the kernel's addresses in which nothing is a
/// device's register, so that loads may be tried there. Its end is the last
/// address in it, and not one more. Empty (0, 0) past the last; at most
/// EBPF_MAX_NOFAULT_RANGES. Context: any.
struct dragonos_range dragonos_memory(size_t index);

// --- What the kernel calls ---------------------------------------------------

/// First statement of riscv64_do_exception. True: the frame goes on elsewhere,
/// return at once. False: the kernel goes on as ever, with the frame where the
/// instruction really stands. Takes no lock. Interrupts are off.
bool ebpf_dragonos_exception(struct dragonos_trap_frame* frame);

}  // extern "C"

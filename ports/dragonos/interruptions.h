// SPDX-License-Identifier: MIT
//
// Where interrupted kernel code will go on, as the kernel tells.
#pragma once

#include "ports/dragonos/trap_frame.h"

namespace ebpf::dragonos {

/// That `frame` is what our interprocessor interrupt found. If the kernel did
/// not tell of it before, it tells of none, and is not believed any more.
/// Context: irq, interrupts off.
void CheckInterruptionOf(const dragonos_trap_frame* frame);

}  // namespace ebpf::dragonos

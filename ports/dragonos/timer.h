// SPDX-License-Identifier: MIT
//
// The kernel's tick, as what knows its frame tells it.
#pragma once

namespace ebpf::dragonos {

/// What is due on this CPU happens; `regs` are Linux's, of what was
/// interrupted. Context: irq, interrupts masked.
void Tick(const void* regs, bool in_user);

}  // namespace ebpf::dragonos

// SPDX-License-Identifier: MIT
//
// The kernel's own code around an exception, found from its vectors.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::aarch64 {

/// Follows the 16 vectors at `vectors` to the code that enters the kernel and
/// leaves it. Context: task, once.
void FindKernelStubs(uintptr_t vectors);

/// Whether [address, address + size) touches code that a breakpoint would
/// break: it runs while ELR_EL1, SPSR_EL1 or ESR_EL1 still hold, or hold
/// again, what a trap of ours overwrites. Context: task.
bool IsKernelStub(uintptr_t address, size_t size);

}  // namespace ebpf::aarch64

// SPDX-License-Identifier: MIT
//
// Which hart each CPU of the guest is: OpenSBI may start any of them first.
#pragma once

#include <stdint.h>

namespace guest::riscv64 {

/// Finds the harts there are; `boot_hart` is CPU 0. Context: once, at boot.
void FindHarts(uintptr_t boot_hart);

/// The hart that is `cpu`. Context: any.
uintptr_t HartOf(uint32_t cpu);

/// All CPUs forget translations of [begin, begin + size). Context: any; CPUs
/// with interrupts masked do it, too.
void FlushTlbOfAll(uintptr_t begin, uintptr_t size);

}  // namespace guest::riscv64

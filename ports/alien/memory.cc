// SPDX-License-Identifier: MIT
//
// core/platform/memory.h on Alien, whose allocator panics instead of failing.
#include "core/platform/budgeted_memory.h"
#include "ports/alien/kernel.h"

// Of the kernel's heap of 512 MiB.
constinit const ebpf::BudgetedMemory ebpf::budgeted_memory = {
    .budget = size_t{64} << 20, .alloc = &alien_alloc, .free = &alien_dealloc};

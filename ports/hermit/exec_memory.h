// SPDX-License-Identifier: MIT
//
// Executable memory, as what writes it sees it.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::hermit {

/// Whether [address, address + size) touches the pool of executable memory.
/// Context: any.
bool TouchesExecPool(uintptr_t address, size_t size);

/// Whether it lies in what is allocated of it. Context: any.
bool IsExecMemory(uintptr_t address, size_t size);

}  // namespace ebpf::hermit

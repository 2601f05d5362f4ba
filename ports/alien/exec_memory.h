// SPDX-License-Identifier: MIT
//
// Executable memory, as what writes it sees it.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::alien {

/// Whether [address, address + size) lies in one live allocation of
/// ebpf_port_exec_alloc. Context: task.
bool IsExecMemory(uintptr_t address, size_t size);

}  // namespace ebpf::alien

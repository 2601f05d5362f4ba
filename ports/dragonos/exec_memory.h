// SPDX-License-Identifier: MIT
//
// Which executable memory is ours.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf::dragonos {

/// Whether [address, address + size) lies in memory from
/// ebpf_port_exec_alloc. Context: any; the memory is not freed meanwhile.
bool IsExecMemory(uintptr_t address, size_t size);

}  // namespace ebpf::dragonos

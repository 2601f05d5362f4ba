// SPDX-License-Identifier: MIT
//
// Memory that core asks of the kernel. Tier T0.
#pragma once

#include <stddef.h>

extern "C" {

/// `size` zeroed bytes aligned to `align`, a power of two up to 4096; null if
/// there are none. `size` is not 0. Context: task.
[[nodiscard]] void* ebpf_port_alloc(size_t size, size_t align);

/// Gives back what ebpf_port_alloc returned for the same `size` and `align`.
/// Context: task.
void ebpf_port_free(void* memory, size_t size, size_t align);

}  // extern "C"

// SPDX-License-Identifier: MIT
//
// Reading memory that may not be there. Tier T1.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// Copies `size` bytes of kernel memory that may be unmapped, or no address at
/// all; false if a byte could not be read, with what came before it copied.
/// Never sleeps, never touches devices' registers if the port can tell them.
/// Default: false always. Context: any.
[[nodiscard]] bool ebpf_port_read_nofault(void* to, uintptr_t from,
                                          size_t size);

}  // extern "C"

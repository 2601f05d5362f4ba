// SPDX-License-Identifier: MIT
//
// Where ebpf_port_read_nofault and ebpf_port_write_nofault may try.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace ebpf {

/// Whether all `size` bytes at `address` are in one of the ranges of
/// ebpf_port_nofault_ranges. Context: any.
bool IsInNofaultRanges(uintptr_t address, size_t size);

}  // namespace ebpf

// SPDX-License-Identifier: MIT
//
// Whether addresses are memory, by the page tables that are in use: for ports
// to kernels that do not say where devices are.
#pragma once

#include <stdint.h>

namespace ebpf::x86_64 {

/// Whether the page at `address` is there, with `flags` of PageTables at each
/// level, and is no device's, which the kernel maps without a cache. Physical
/// address 0 is at `direct_map`; where no table is, nothing is either. Only
/// right where the port's hook of faults has ebpf_copy_nofault's. Context: any.
bool IsMappedMemory(uintptr_t address, uint64_t flags, uintptr_t direct_map);

}  // namespace ebpf::x86_64

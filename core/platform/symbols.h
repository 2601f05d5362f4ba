// SPDX-License-Identifier: MIT
//
// The kernel's symbol table. Tier T1.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// One function of the kernel.
struct ebpf_symbol {
  uintptr_t address;
  size_t size;  // bytes up to the function's end or the next symbol
  const char* name;
  size_t name_size;  // not terminated by a zero
};

/// Finds the function named by `name_size` characters. Default: false.
/// Context: task.
[[nodiscard]] bool ebpf_port_symbol_by_name(const char* name, size_t name_size,
                                            struct ebpf_symbol* symbol);

/// Finds the function that contains `address`. Default: false. Context: any.
[[nodiscard]] bool ebpf_port_symbol_by_address(uintptr_t address,
                                               struct ebpf_symbol* symbol);

}  // extern "C"

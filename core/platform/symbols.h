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
  size_t size;     // bytes up to the function's end or the next symbol
  uint64_t entry;  // the port's own: which one, for ebpf_port_symbol_name
};

/// Finds the function named by `name_size` characters; false where there is
/// none, or several at different addresses. Default: false. Absent: no probe by
/// a name. Context: task.
[[nodiscard]] bool ebpf_port_symbol_by_name(const char* name, size_t name_size,
                                            struct ebpf_symbol* symbol);

/// Finds the function that contains `address`. Default: false. Absent: no
/// probes at all, since none knows its function. Context: any.
[[nodiscard]] bool ebpf_port_symbol_by_address(uintptr_t address,
                                               struct ebpf_symbol* symbol);

/// Goes over all functions, by address, several at one place in any order:
/// `*position` is 0 before the first, and moved on. False behind the last.
/// Default: false. Absent: no `/proc/kallsyms`, no patterns of functions, no
/// detours. Context: task.
[[nodiscard]] bool ebpf_port_symbol_next(uint64_t* position,
                                         struct ebpf_symbol* symbol);

/// Writes the name of what one of the functions above found, or as much of its
/// beginning as fits into `size` characters, without a zero behind it; returns
/// how long it is. (A table may have its names compressed.) Default: 0. Absent:
/// probes by address only; addresses have no names in texts. Context: any.
size_t ebpf_port_symbol_name(const struct ebpf_symbol* symbol, char* to,
                             size_t size);

}  // extern "C"

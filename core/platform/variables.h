// SPDX-License-Identifier: MIT
//
// The kernel's variables that programs may read: what the kernel's BTF has as
// variables (Linux's typed ksyms). Tier T1.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// Where the variable named by `name_size` characters is, from now on and for
/// ever: programs read it without asking again. Of one that each CPU has for
/// itself (the BTF's section ".data..percpu") it is whatever
/// ebpf_port_per_cpu_address takes, but not 0. Default: false, and no
/// EBPF_PORT_VARIABLES (features.h). Absent: no variables of the kernel (typed
/// ksyms). Context: task.
[[nodiscard]] bool ebpf_port_variable(const char* name, size_t name_size,
                                      uintptr_t* address);

/// Where CPU `cpu`, below ebpf_port_cpu_count(), has its own of such a
/// variable. Default: 0. Absent: no `bpf_per_cpu_ptr` of the kernel's
/// variables. Context: any.
uintptr_t ebpf_port_per_cpu_address(uintptr_t address, uint32_t cpu);

}  // extern "C"

// SPDX-License-Identifier: MIT
//
// The calling process: its memory and its rights. Tier T0; kernels without
// processes keep the defaults.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// Copies `size` bytes from the calling process's memory; false if any of them
/// cannot be read, with `to` then undefined. Never touches kernel memory,
/// whatever `from` says. Default: false. Absent: no client of origin user: the
/// kernel itself is the only one. Context: task.
[[nodiscard]] bool ebpf_port_copy_from_user(void* to, uint64_t from,
                                            size_t size);

/// Copies `size` bytes into the calling process's memory. Default: false.
/// Absent: as above. Context: task.
[[nodiscard]] bool ebpf_port_copy_to_user(uint64_t to, const void* from,
                                          size_t size);

/// Whether the calling process has a Linux capability, by its number
/// (CAP_SYS_ADMIN 21, CAP_PERFMON 38, CAP_BPF 39: capabilities(7) and
/// uapi/linux/capability.h). Default: false. Absent: processes without rights:
/// each command that asks for one is -EPERM. Context: task.
bool ebpf_port_capable(int capability);

}  // extern "C"

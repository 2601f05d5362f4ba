// SPDX-License-Identifier: MIT
//
// Files of ours in the kernel's own table of descriptors. Tier T2.
#pragma once

extern "C" {

/// What a descriptor of ours stands for; the kernel's file object keeps one
/// reference. core/capi/ebpf.h (`ebpf_file_...`) has what it can do.
struct ebpf_file;

/// Gives the calling process a descriptor of `file`, to be closed by exec as
/// Linux's are: its number, or -errno. With the number the caller's reference
/// is the kernel's file object's, which puts it when it goes. Only for clients
/// of ebpf_client_create_for_callers. Default: -EOPNOTSUPP. Absent: each client
/// has numbers of its own, and the kernel keeps them apart from its own.
/// Context: task.
int ebpf_port_fd_install(struct ebpf_file* file);

/// What the calling process's descriptor `fd` stands for, kept
/// (ebpf_file_keep) for the caller; null if it is not open or none of ours.
/// Default: null. Absent: as above. Context: task.
struct ebpf_file* ebpf_port_fd_get(int fd);

}  // extern "C"

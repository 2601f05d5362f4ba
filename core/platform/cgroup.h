// SPDX-License-Identifier: MIT
//
// Groups of tasks, as Linux's cgroup v2. Tier T3.
#pragma once

#include <stdint.h>

extern "C" {

/// The group behind a descriptor of the calling process, kept until it is put
/// as often; the same group is the same pointer as long as somebody keeps it.
/// Null if the descriptor is of none, or of one that is removed: what would be
/// attached to that stayed for good. Default: null. Absent: no programs
/// attached to cgroups. Context: task.
void* ebpf_port_cgroup_get(int fd);

/// Gives back what ebpf_port_cgroup_get gave. Default: nothing. Absent: as
/// above. Context: task.
void ebpf_port_cgroup_put(void* cgroup);

/// Whether the running task is in `cgroup` or in one below it. Takes no lock.
/// Default: false. Absent: `bpf_current_task_under_cgroup` says no. Context:
/// any.
bool ebpf_port_task_under_cgroup(const void* cgroup);

/// The group right above `cgroup`, which is kept as long as that one is; null
/// for the root. Takes no lock. Default: null. Absent: programs of the groups
/// above are not asked. Context: any.
void* ebpf_port_cgroup_parent(const void* cgroup);

/// The group's id (its inode, or what a file handle says), never 0. Default: 0.
/// Absent: links to cgroups show 0. Context: any.
uint64_t ebpf_port_cgroup_id(const void* cgroup);

}  // extern "C"

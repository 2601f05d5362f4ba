// SPDX-License-Identifier: MIT
//
// Groups of tasks, as Linux's cgroup v2. Tier T3.
#pragma once

#include <stdint.h>

extern "C" {

/// The group behind a descriptor of the calling process, kept until it is put;
/// null if the descriptor is of none. Default: null. Context: task.
void* ebpf_port_cgroup_get(int fd);

/// Gives it back. Default: nothing. Context: task.
void ebpf_port_cgroup_put(void* cgroup);

/// Whether the running task is in `cgroup` or in one below it. Takes no lock.
/// Default: false. Context: any.
bool ebpf_port_task_under_cgroup(const void* cgroup);

}  // extern "C"

// SPDX-License-Identifier: MIT
//
// The task that runs. Tier T3.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// The running task's thread id and process id, as Linux's pid and tgid. Both
/// 0 where there is no task (the default). Takes no lock. Context: any.
void ebpf_port_task_ids(uint32_t* pid, uint32_t* tgid);

/// Writes the running task's name and a zero, at most `size` bytes, and returns
/// true; false where the kernel has no names (the default), and the name is
/// then "task-<pid>". Takes no lock. Context: any.
bool ebpf_port_task_comm(char* name, size_t size);

}  // extern "C"

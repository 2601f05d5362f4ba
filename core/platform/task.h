// SPDX-License-Identifier: MIT
//
// The task that runs. Tier T3.
#pragma once

#include <stddef.h>
#include <stdint.h>

extern "C" {

/// The running task's thread id and process id, as Linux's pid and tgid. Both 0
/// where there is no task (the default). Takes no lock. Absent: all events are
/// of pid 0. Context: any.
void ebpf_port_task_ids(uint32_t* pid, uint32_t* tgid);

/// The running task's thread id alone, for what asks at each event. Default: by
/// the above. Absent: nothing, but a longer way. Context: any.
uint32_t ebpf_port_task_pid(void);

/// Writes the running task's name and a zero, at most `size` bytes, and returns
/// true; false where the kernel has no names (the default), and the name is
/// then "task-<pid>". Takes no lock. Absent: the name is made of the number.
/// Context: any.
bool ebpf_port_task_comm(char* name, size_t size);

/// The running task's user and group, as its process sees them. Both 0 where
/// there are no users (the default). Takes no lock. Absent: everybody is root.
/// Context: any.
void ebpf_port_task_user(uint32_t* uid, uint32_t* gid);

/// What the kernel shows of the running task under Linux's name: the address of
/// the struct task_struct of the kernel's BTF, valid while the task lives; 0
/// where no task runs. Default: 0, and no EBPF_PORT_TASK_VIEW (features.h).
/// Absent: no `bpf_get_current_task_btf`. Context: any.
uint64_t ebpf_port_task_view(void);

/// The ids of the running task in the pid namespace that a process sees as the
/// file with this device and inode (/proc/self/ns/pid); false where that is not
/// the task's own. Default: false. Takes no lock. Absent:
/// `bpf_get_ns_current_pid_tgid` says -EINVAL. Context: any.
bool ebpf_port_task_ids_in(uint64_t device, uint64_t inode, uint32_t* pid,
                           uint32_t* tgid);

/// The id of the running task's cgroup (its inode), or of its ancestor at
/// `level`, 0 being the root; `level` < 0: its own. 0 where there is none (the
/// default). Takes no lock. Absent: all tasks are in the root group. Context:
/// any.
uint64_t ebpf_port_task_cgroup_id(int32_t level);

/// Between two rounds of long work for the running task: lets others run whose
/// turn it is, and tells whether the task shall stop, since a signal came for
/// it. Default: false, and nothing else. Absent: a test run is ended by its
/// time only. Context: task.
bool ebpf_port_task_pause(void);

/// The client (ebpf_client_create's) of the process that the thread or process
/// `pid` belongs to, kept until it is put; null where there is no such task, or
/// it never made a system call of ours. Default: null. Absent:
/// BPF_TASK_FD_QUERY knows the caller's own descriptors only. Context: task.
void* ebpf_port_task_client_get(uint32_t pid);

/// Gives back what ebpf_port_task_client_get gave. Default: nothing. Absent: as
/// above. Context: task.
void ebpf_port_task_client_put(void* client);

/// Sends signal `signal` (1..64) to the running thread, or to its process. 0,
/// or a negative errno: -EPERM (-1) where the task may not get one (a thread of
/// the kernel, say), -EBUSY (-16) where it cannot be done from here. Default:
/// -EPERM, and no EBPF_PORT_SIGNALS (features.h). Wakes nobody by itself where
/// that could lock. Absent: `bpf_send_signal` is refused at the load. Context:
/// any.
int ebpf_port_send_signal(int signal, bool whole_process);

}  // extern "C"

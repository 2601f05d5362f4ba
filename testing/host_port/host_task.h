// SPDX-License-Identifier: MIT
//
// The running task and the files it polls, as the host port pretends them.
#pragma once

#include <stdint.h>

namespace ebpf {

/// This thread's ids and name; null: the kernel has no names. At first 1, 1
/// and "host". `comm` must outlive its use.
void SetHostTask(uint32_t pid, uint32_t tgid, const char* comm);

/// What else there is of this thread's task; see core/platform/task.h.
struct HostTaskDetails {
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint64_t view = 0;
  /// Its pid namespace (inode 0: none), and its ids there.
  uint64_t namespace_device = 0;
  uint64_t namespace_inode = 0;
  uint32_t namespace_pid = 0;
  uint32_t namespace_tgid = 0;
  /// From the root down to its own, up to the first 0.
  uint64_t cgroups[4] = {};
  /// How often ebpf_port_task_pause was called, and in which call (0: none) a
  /// signal has come.
  uint64_t pauses = 0;
  uint64_t stop_at_pause = 0;
  /// What ebpf_port_send_signal returns.
  int signal_result = 0;
  /// What it was called with last.
  int signal = 0;
  bool signal_to_process = false;
};
HostTaskDetails& ThisHostTask();

/// Another process and its client, which outlives the next call of this; pid 0:
/// there is none.
void SetHostTaskClient(uint32_t pid, void* client);

}  // namespace ebpf

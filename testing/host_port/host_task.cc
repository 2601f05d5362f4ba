// SPDX-License-Identifier: MIT
//
// core/platform/task.h, with what tests set and ask.
#include "testing/host_port/host_task.h"

#include <atomic>
#include <sched.h>
#include <stdio.h>

#include "core/platform/task.h"
#include "testing/host_port/host_thread.h"

namespace ebpf {
namespace {

thread_local uint32_t t_pid = 1;
thread_local uint32_t t_tgid = 1;
thread_local const char* t_comm = "host";
thread_local HostTaskDetails t_details;

std::atomic<uint32_t> g_other_pid{0};
std::atomic<void*> g_other_client{nullptr};

}  // namespace

void SetHostTask(uint32_t pid, uint32_t tgid, const char* comm) {
  t_pid = pid;
  t_tgid = tgid;
  t_comm = comm;
}

HostTaskDetails& ThisHostTask() { return t_details; }

void SetHostTaskClient(uint32_t pid, void* client) {
  g_other_client = client;
  g_other_pid = pid;
}

}  // namespace ebpf

extern "C" {

void ebpf_port_task_ids(uint32_t* pid, uint32_t* tgid) {
  *pid = ebpf::t_pid;
  *tgid = ebpf::t_tgid;
}

bool ebpf_port_task_comm(char* name, size_t size) {
  if (ebpf::t_comm == nullptr || size == 0) {
    return false;
  }
  size_t i = 0;
  for (; i + 1 < size && ebpf::t_comm[i] != '\0'; ++i) {
    name[i] = ebpf::t_comm[i];
  }
  name[i] = '\0';
  return true;
}

void ebpf_port_task_user(uint32_t* uid, uint32_t* gid) {
  *uid = ebpf::t_details.uid;
  *gid = ebpf::t_details.gid;
}

uint64_t ebpf_port_task_view(void) { return ebpf::t_details.view; }

uint32_t ebpf_port_task_pid() { return ebpf::t_pid; }

bool ebpf_port_task_ids_in(uint64_t device, uint64_t inode, uint32_t* pid,
                           uint32_t* tgid) {
  const ebpf::HostTaskDetails& task = ebpf::t_details;
  if (task.namespace_inode == 0 || device != task.namespace_device ||
      inode != task.namespace_inode) {
    return false;
  }
  *pid = task.namespace_pid;
  *tgid = task.namespace_tgid;
  return true;
}

uint64_t ebpf_port_task_cgroup_id(int32_t level) {
  constexpr int32_t kLevels = 4;
  const auto& cgroups = ebpf::t_details.cgroups;
  int32_t own = 0;
  while (own + 1 < kLevels && cgroups[own + 1] != 0) {
    ++own;
  }
  return level > own ? 0 : cgroups[level < 0 ? own : level];
}

bool ebpf_port_task_pause(void) {
  ebpf::host::RequireTaskContext("ebpf_port_task_pause");
  sched_yield();
  ebpf::HostTaskDetails& task = ebpf::t_details;
  ++task.pauses;
  return task.stop_at_pause != 0 && task.pauses >= task.stop_at_pause;
}

void* ebpf_port_task_client_get(uint32_t pid) {
  return ebpf::g_other_pid != 0 && pid == ebpf::g_other_pid
             ? ebpf::g_other_client.load()
             : nullptr;
}

int ebpf_port_send_signal(int signal, bool whole_process) {
  ebpf::t_details.signal = signal;
  ebpf::t_details.signal_to_process = whole_process;
  return ebpf::t_details.signal_result;
}

}  // extern "C"

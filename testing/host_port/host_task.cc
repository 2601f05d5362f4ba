// SPDX-License-Identifier: MIT
//
// core/platform/task.h and wake.h, with what tests set and ask.
#include "testing/host_port/host_task.h"

#include <map>
#include <mutex>
#include <stdio.h>

#include "core/platform/task.h"
#include "core/platform/wake.h"
#include "testing/host_port/host_thread.h"

namespace ebpf {
namespace {

thread_local uint32_t t_pid = 1;
thread_local uint32_t t_tgid = 1;
thread_local const char* t_comm = "host";

struct Wakes {
  std::mutex mutex;
  std::map<const void*, uint64_t> counts;
};

Wakes& TheWakes() {
  static Wakes* wakes = new Wakes;
  return *wakes;
}

}  // namespace

void SetHostTask(uint32_t pid, uint32_t tgid, const char* comm) {
  t_pid = pid;
  t_tgid = tgid;
  t_comm = comm;
}

uint64_t HostWakeCount(const void* file) {
  Wakes& wakes = TheWakes();
  std::lock_guard<std::mutex> lock(wakes.mutex);
  const auto found = wakes.counts.find(file);
  return found == wakes.counts.end() ? 0 : found->second;
}

void ClearHostWakes() {
  Wakes& wakes = TheWakes();
  std::lock_guard<std::mutex> lock(wakes.mutex);
  wakes.counts.clear();
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

void ebpf_port_wake(void* file) {
  ebpf::host::RequireTaskContext("ebpf_port_wake");
  ebpf::Wakes& wakes = ebpf::TheWakes();
  std::lock_guard<std::mutex> lock(wakes.mutex);
  ++wakes.counts[file];
}

}  // extern "C"

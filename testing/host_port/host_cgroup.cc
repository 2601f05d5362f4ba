// SPDX-License-Identifier: MIT
//
// core/platform/cgroup.h for tests.
#include "testing/host_port/host_cgroup.h"

#include <atomic>
#include <cstdint>

#include "core/platform/cgroup.h"

namespace ebpf {
namespace {

thread_local int t_cgroup = 0;
std::atomic<int> held{0};

}  // namespace

void SetHostCgroup(int number) { t_cgroup = number; }

int HostCgroupsHeld() { return held; }

void* HostCgroup(int number) {
  return reinterpret_cast<void*>(static_cast<intptr_t>(number));
}

}  // namespace ebpf

extern "C" {

void* ebpf_port_cgroup_get(int fd) {
  const int number = fd - ebpf::kHostCgroupFd;
  if (number <= 0 || number > 1000) {
    return nullptr;
  }
  ++ebpf::held;
  return reinterpret_cast<void*>(static_cast<intptr_t>(number));
}

void ebpf_port_cgroup_put(void* /*cgroup*/) { --ebpf::held; }

bool ebpf_port_task_under_cgroup(const void* cgroup) {
  const auto wanted = static_cast<int>(reinterpret_cast<intptr_t>(cgroup));
  int number = ebpf::t_cgroup;
  while (number != 0 && number != wanted) {
    number /= 10;
  }
  return number == wanted;
}

void* ebpf_port_cgroup_parent(const void* cgroup) {
  return reinterpret_cast<void*>(reinterpret_cast<intptr_t>(cgroup) / 10);
}

uint64_t ebpf_port_cgroup_id(const void* cgroup) {
  return static_cast<uint64_t>(reinterpret_cast<intptr_t>(cgroup));
}

}  // extern "C"

// SPDX-License-Identifier: MIT
//
// core/platform/wake.h, counted. A file of its own: kernels of tests have tasks
// of their own that wait.
#include "testing/host_port/host_wake.h"

#include <map>
#include <mutex>

#include "core/platform/wake.h"
#include "testing/host_port/host_thread.h"

namespace ebpf {
namespace {

struct Wakes {
  std::mutex mutex;
  std::map<const void*, uint64_t> counts;
};

Wakes& TheWakes() {
  static Wakes* wakes = new Wakes;
  return *wakes;
}

}  // namespace

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

void ebpf_port_wake(void* file) {
  ebpf::host::RequireTaskContext("ebpf_port_wake");
  ebpf::Wakes& wakes = ebpf::TheWakes();
  std::lock_guard<std::mutex> lock(wakes.mutex);
  ++wakes.counts[file];
}

}  // extern "C"

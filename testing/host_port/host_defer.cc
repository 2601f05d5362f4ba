// SPDX-License-Identifier: MIT
//
// core/platform/defer.h: a stack that any context pushes to, signal handlers
// too, and that RunHostDeferred empties in the order of arrival.
#include "testing/host_port/host_defer.h"

#include <atomic>

#include "core/platform/defer.h"
#include "testing/host_port/host_thread.h"

namespace ebpf {
namespace {

std::atomic<ebpf_deferred*> g_pending{nullptr};
std::atomic<bool> g_supported{true};

}  // namespace

uint64_t RunHostDeferred() {
  host::RequireTaskContext("RunHostDeferred");
  uint64_t count = 0;
  while (ebpf_deferred* newest = g_pending.exchange(nullptr)) {
    ebpf_deferred* oldest = nullptr;
    while (newest != nullptr) {
      ebpf_deferred* next = newest->next;
      newest->next = oldest;
      oldest = newest;
      newest = next;
    }
    while (oldest != nullptr) {
      ebpf_deferred* work = oldest;
      oldest = work->next;  // `work` may be gone, or pending again, after run
      work->run(work);
      ++count;
    }
  }
  return count;
}

void SetHostDeferSupport(bool supported) { g_supported = supported; }

}  // namespace ebpf

extern "C" bool ebpf_port_defer(ebpf_deferred* work) {
  if (!ebpf::g_supported) {
    return false;
  }
  work->next = ebpf::g_pending.load();
  while (!ebpf::g_pending.compare_exchange_weak(work->next, work)) {
  }
  return true;
}

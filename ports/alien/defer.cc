// SPDX-License-Identifier: MIT
//
// core/platform/defer.h on Alien: a kernel thread does the work.
#include "core/platform/defer.h"

#include "core/platform/work_queue.h"
#include "ports/alien/defer.h"
#include "ports/alien/kernel.h"

namespace {

constinit ebpf::WorkQueue queue;

/// Alien's tasks cannot sleep until they are woken, so it asks at every turn.
void Worker() {
  for (;;) {
    queue.Run();
    alien_do_suspend();
  }
}

}  // namespace

namespace ebpf::alien {

bool StartDeferWorker() {
  if (!alien_kthread_create(&Worker, "ebpf_defer")) {
    return false;
  }
  queue.Open();
  return true;
}

}  // namespace ebpf::alien

extern "C" bool ebpf_port_defer(ebpf_deferred* work) {
  return queue.Push(work);
}

// SPDX-License-Identifier: MIT
//
// core/platform/defer.h on DragonOS: a softirq wakes a kernel thread, which
// does the work.
#include "core/platform/defer.h"

#include "core/platform/work_queue.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/services.h"

namespace {

constinit ebpf::WorkQueue queue;

int RunDeferred(void* /*argument*/) {
  for (;;) {
    queue.Run();
    dragonos_worker_sleep();
  }
}

}  // namespace

namespace ebpf::dragonos {

bool StartWorker() {
  if (!dragonos_kthread("ebpf_defer", RunDeferred, nullptr)) {
    return false;
  }
  queue.Open();
  return true;
}

}  // namespace ebpf::dragonos

extern "C" {

bool ebpf_port_defer(ebpf_deferred* work) {
  if (!queue.Push(work)) {
    return false;
  }
  dragonos_raise_softirq();
  return true;
}

// The wake enters the scheduler, which a probe may stand in: so it happens
// here, at the end of an interrupt, and not in ebpf_port_defer.
void ebpf_dragonos_softirq() { dragonos_worker_wake(); }

}  // extern "C"

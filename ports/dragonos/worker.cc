// SPDX-License-Identifier: MIT
//
// core/platform/defer.h and the log on DragonOS, whose log takes locks. A
// softirq wakes a kernel thread, which does the work.
#include "core/platform/worker.h"

#include "core/platform/version.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/services.h"

EBPF_PORT_WRITTEN_FOR(3);

constinit const ebpf::WorkerKernel ebpf::worker_kernel = {
    .print = [](StringView text) { dragonos_log(text.data(), text.size()); },
    .may_print = &dragonos_may_rendezvous,
    .wake = &dragonos_raise_softirq};

namespace {

int Work(void* /*argument*/) {
  for (;;) {
    ebpf::RunWork();
    dragonos_worker_sleep();
  }
}

}  // namespace

namespace ebpf::dragonos {

bool StartWorker() {
  if (!dragonos_kthread("ebpf_defer", Work, nullptr)) {
    return false;
  }
  OpenWorker();
  return true;
}

}  // namespace ebpf::dragonos

// The wake enters the scheduler, which a probe may stand in: so it happens
// here, at the end of an interrupt, and not where work is deferred.
extern "C" void ebpf_dragonos_softirq() { dragonos_worker_wake(); }

// SPDX-License-Identifier: MIT
//
// core/platform/defer.h on DragonOS: a list that any context can push to, a
// softirq that wakes a kernel thread, and the thread that empties the list.
#include "core/platform/defer.h"

#include "core/base/atomic.h"
#include "ports/dragonos/kernel.h"
#include "ports/dragonos/services.h"

namespace {

constinit ebpf::Atomic<ebpf_deferred*> pending{nullptr};
constinit ebpf::Atomic<bool> has_worker{false};

/// Takes what is pending, in the order in which it was handed over.
ebpf_deferred* TakeAll() {
  // Pairs with the release in ebpf_port_defer.
  ebpf_deferred* newest = pending.Exchange(nullptr, ebpf::kAcquire);
  ebpf_deferred* first = nullptr;
  while (newest != nullptr) {
    ebpf_deferred* older = newest->next;
    newest->next = first;
    first = newest;
    newest = older;
  }
  return first;
}

int RunDeferred(void* /*argument*/) {
  for (;;) {
    for (ebpf_deferred* work = TakeAll(); work != nullptr;) {
      ebpf_deferred* next = work->next;  // run() may hand `work` over again
      work->run(work);
      work = next;
    }
    dragonos_worker_sleep();
  }
}

}  // namespace

namespace ebpf::dragonos {

bool StartWorker() {
  if (!dragonos_kthread("ebpf_defer", RunDeferred, nullptr)) {
    return false;
  }
  has_worker.Store(true, kRelaxed);
  return true;
}

}  // namespace ebpf::dragonos

extern "C" {

bool ebpf_port_defer(ebpf_deferred* work) {
  if (!has_worker.Load(ebpf::kRelaxed)) {
    return false;
  }
  ebpf_deferred* newest = pending.Load(ebpf::kRelaxed);
  do {
    work->next = newest;
    // Pairs with the acquire in TakeAll.
  } while (!pending.CompareExchange(newest, work, ebpf::kRelease));
  dragonos_raise_softirq();
  return true;
}

// The wake enters the scheduler, which a probe may stand in: so it happens
// here, at the end of an interrupt, and not in ebpf_port_defer.
void ebpf_dragonos_softirq() { dragonos_worker_wake(); }

}  // extern "C"

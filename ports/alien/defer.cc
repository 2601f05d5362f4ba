// SPDX-License-Identifier: MIT
//
// core/platform/defer.h on Alien: a list that any context can push to, and a
// kernel thread that empties it.
#include "core/platform/defer.h"

#include "core/base/atomic.h"
#include "ports/alien/defer.h"
#include "ports/alien/kernel.h"

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

/// Alien's tasks cannot sleep until they are woken, so it asks at every turn.
void Worker() {
  for (;;) {
    for (ebpf_deferred* work = TakeAll(); work != nullptr;) {
      ebpf_deferred* next = work->next;  // run() may hand `work` over again
      work->run(work);
      work = next;
    }
    alien_do_suspend();
  }
}

}  // namespace

namespace ebpf::alien {

bool StartDeferWorker() {
  if (!alien_kthread_create(&Worker, "ebpf_defer")) {
    return false;
  }
  has_worker.Store(true, kRelaxed);
  return true;
}

}  // namespace ebpf::alien

extern "C" bool ebpf_port_defer(ebpf_deferred* work) {
  if (!has_worker.Load(ebpf::kRelaxed)) {
    return false;
  }
  ebpf_deferred* newest = pending.Load(ebpf::kRelaxed);
  do {
    work->next = newest;
    // Pairs with the acquire in TakeAll.
  } while (!pending.CompareExchange(newest, work, ebpf::kRelease));
  return true;
}

// SPDX-License-Identifier: MIT
//
// core/platform/defer.h: a list that any context can push to; the timer's tick
// wakes a thread, since waking takes locks that a probe must not.
#include "core/base/atomic.h"
#include "core/platform/defer.h"
#include "testing/guest/kernel/event.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/personalities/plain/traps.h"

namespace guest::plain {
namespace {

constinit ebpf::Atomic<ebpf_deferred*> pending{nullptr};
constinit Event work_came;
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

void Work(void* /*argument*/) {
  for (;;) {
    work_came.Wait();
    for (ebpf_deferred* work = TakeAll(); work != nullptr;) {
      ebpf_deferred* next = work->next;  // run() may hand `work` over again
      work->run(work);
      work = next;
    }
  }
}

void WakeWorker() {
  if (pending.Load(ebpf::kRelaxed) != nullptr) {
    work_came.Set();
  }
}

}  // namespace

bool StartDeferWorker() {
  if (Spawn("defer", 0, Work, nullptr) == nullptr) {
    return false;
  }
  AddTickHook(WakeWorker);
  StartTimers();
  has_worker.Store(true, ebpf::kRelease);
  return true;
}

}  // namespace guest::plain

extern "C" bool ebpf_port_defer(ebpf_deferred* work) {
  using guest::plain::pending;
  if (!guest::plain::has_worker.Load(ebpf::kAcquire)) {
    return false;
  }
  ebpf_deferred* newest = pending.Load(ebpf::kRelaxed);
  do {
    work->next = newest;
    // Pairs with the acquire in TakeAll.
  } while (!pending.CompareExchange(newest, work, ebpf::kRelease));
  return true;
}

// SPDX-License-Identifier: MIT
//
// core/platform/defer.h on Hermit: a list that any context can push to, and a
// task that empties it.
#include "ports/hermit/worker.h"

#include "core/base/atomic.h"
#include "core/platform/cpu.h"
#include "core/platform/defer.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/log.h"
#include "ports/hermit/machine.h"

namespace ebpf::hermit {
namespace {

constinit Atomic<ebpf_deferred*> pending{nullptr};
constinit Atomic<bool> has_worker{false};

/// Waking a task takes the scheduler's locks, which a probe must not: so the
/// worker looks by itself. The kernel sleeps from 10 ms on and spins below.
constexpr uint64_t kPeriodMicroseconds = 10'000;
constexpr uint8_t kPriority = 2;
constexpr size_t kStackSize = 64 << 10;

/// Takes what is pending, in the order in which it was handed over.
ebpf_deferred* TakeAll() {
  // Pairs with the release in ebpf_port_defer.
  ebpf_deferred* newest = pending.Exchange(nullptr, kAcquire);
  ebpf_deferred* first = nullptr;
  while (newest != nullptr) {
    ebpf_deferred* older = newest->next;
    newest->next = first;
    first = newest;
    newest = older;
  }
  return first;
}

void Work(uintptr_t /*argument*/) {
  LetInterruptsIn();
  for (;;) {
    for (ebpf_deferred* work = TakeAll(); work != nullptr;) {
      ebpf_deferred* next = work->next;  // run() may hand `work` over again
      work->run(work);
      work = next;
    }
    DrainLog();
    sys_usleep(kPeriodMicroseconds);
  }
}

bool Defer(ebpf_deferred* work) {
  if (!has_worker.Load(kRelaxed)) {
    return false;
  }
  ebpf_deferred* newest = pending.Load(kRelaxed);
  do {
    work->next = newest;
    // Pairs with the acquire in TakeAll.
  } while (!pending.CompareExchange(newest, work, kRelease));
  return true;
}

}  // namespace

bool StartWorker() {
  const uintptr_t interrupts = ebpf_port_irq_save();
  const int32_t task = sys_spawn2(&Work, 0, kPriority, kStackSize, 0);
  ebpf_port_irq_restore(interrupts);
  if (task < 0) {
    return false;
  }
  has_worker.Store(true, kRelaxed);
  return true;
}

}  // namespace ebpf::hermit

extern "C" bool ebpf_port_defer(ebpf_deferred* work) {
  return ebpf::hermit::Defer(work);
}

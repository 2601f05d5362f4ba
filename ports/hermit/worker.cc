// SPDX-License-Identifier: MIT
//
// core/platform/defer.h on Hermit: a task does the work.
#include "ports/hermit/worker.h"

#include "core/platform/cpu.h"
#include "core/platform/defer.h"
#include "core/platform/work_queue.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/log.h"
#include "ports/hermit/machine.h"

namespace ebpf::hermit {
namespace {

constinit WorkQueue queue;

/// Waking a task takes the scheduler's locks, which a probe must not: so the
/// worker looks by itself. The kernel sleeps from 10 ms on and spins below.
constexpr uint64_t kPeriodMicroseconds = 10'000;
constexpr uint8_t kPriority = 2;
constexpr size_t kStackSize = 64 << 10;

void Work(uintptr_t /*argument*/) {
  LetInterruptsIn();
  for (;;) {
    queue.Run();
    DrainLog();
    sys_usleep(kPeriodMicroseconds);
  }
}

}  // namespace

bool StartWorker() {
  const uintptr_t interrupts = ebpf_port_irq_save();
  const int32_t task = sys_spawn2(&Work, 0, kPriority, kStackSize, 0);
  ebpf_port_irq_restore(interrupts);
  if (task < 0) {
    return false;
  }
  queue.Open();
  return true;
}

}  // namespace ebpf::hermit

extern "C" bool ebpf_port_defer(ebpf_deferred* work) {
  return ebpf::hermit::queue.Push(work);
}

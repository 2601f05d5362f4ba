// SPDX-License-Identifier: MIT
//
// core/platform/defer.h: the timer's tick wakes a thread, since waking takes
// locks that a probe must not.
#include "core/platform/defer.h"
#include "core/platform/work_queue.h"
#include "testing/guest/kernel/event.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/plain/port.h"
#include "testing/guest/personalities/plain/traps.h"

namespace guest::plain {
namespace {

constinit ebpf::WorkQueue queue;
constinit Event work_came;

void Work(void* /*argument*/) {
  for (;;) {
    work_came.Wait();
    queue.Run();
  }
}

void WakeWorker() {
  if (!queue.empty()) {
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
  queue.Open();
  return true;
}

}  // namespace guest::plain

extern "C" bool ebpf_port_defer(ebpf_deferred* work) {
  return guest::plain::queue.Push(work);
}

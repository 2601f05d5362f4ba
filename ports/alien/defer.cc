// SPDX-License-Identifier: MIT
//
// core/platform/defer.h on Alien: a kernel thread does the work.
#include "ports/alien/defer.h"

#include "core/platform/deferred_work.h"
#include "ports/alien/kernel.h"

namespace {

/// Alien's tasks cannot sleep until they are woken, so it asks at every turn.
void Worker() {
  for (;;) {
    ebpf::deferred_work.Run();
    alien_do_suspend();
  }
}

}  // namespace

namespace ebpf::alien {

bool StartDeferWorker() {
  if (!alien_kthread_create(&Worker, "ebpf_defer")) {
    return false;
  }
  deferred_work.Open();
  return true;
}

}  // namespace ebpf::alien

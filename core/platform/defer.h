// SPDX-License-Identifier: MIT
//
// Work handed from any context to a task. Tier T1.
#pragma once

extern "C" {

/// Work for later, owned by the caller and linked by the port while pending.
struct ebpf_deferred {
  struct ebpf_deferred* next;
  /// Runs in task context with interrupts on.
  void (*run)(struct ebpf_deferred* self);
};

/// Runs `work->run(work)` soon in task context. `work` may be handed over again
/// as soon as its `run` was entered. False where there is no such service (the
/// default): the caller then does without. Wakes no task itself, takes no lock
/// that code under a probe may hold. Absent: no timers and no wake-ups from
/// programs, and maps get no memory from tasks in time. Context: any.
bool ebpf_port_defer(struct ebpf_deferred* work);

}  // extern "C"

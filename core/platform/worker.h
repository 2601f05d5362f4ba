// SPDX-License-Identifier: MIT
//
// core/platform/defer.h and ebpf_port_log, whole, for ports whose kernels can
// start a task and whose console takes locks that a probe may have interrupted:
// deferred work and lines wait in queues without a lock for a task.
#pragma once

#include "core/base/string_view.h"

namespace ebpf {

/// What it takes of a kernel.
struct WorkerKernel {
  /// Writes to the kernel's log. Context: task.
  void (*print)(StringView text);
  /// Whether the caller may print: it is a task and holds no spin lock.
  /// Context: any.
  bool (*may_print)();
  /// Has RunWork called soon; null where it is called now and then by itself.
  /// Context: any.
  void (*wake)();
};

/// The port's.
extern const WorkerKernel worker_kernel;

/// From now on some task calls RunWork; until then work is refused, and lines
/// wait for a task that logs. Context: task.
void OpenWorker();

/// Does what was deferred and prints what was logged. Context: one task.
void RunWork();

}  // namespace ebpf

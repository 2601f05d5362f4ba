// SPDX-License-Identifier: MIT
//
// ebpf_port_defer, whole, for ports whose kernels can start a task and log from
// any context (where they cannot: worker.h): a task calls deferred_work.Run now
// and then.
#pragma once

#include "core/platform/work_queue.h"

namespace ebpf {

/// What waits for that task. Until it is opened work is refused.
extern WorkQueue deferred_work;

}  // namespace ebpf

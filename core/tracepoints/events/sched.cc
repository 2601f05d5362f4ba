// SPDX-License-Identifier: MIT
//
// core/tracepoints/events/sched.h's tracepoints.
#include "core/tracepoints/events/sched.h"

namespace ebpf {

EBPF_TRACEPOINT(SchedSwitch);
EBPF_TRACEPOINT(SchedWaking);
EBPF_TRACEPOINT(SchedWakeup);
EBPF_TRACEPOINT(SchedWakeupNew);
EBPF_TRACEPOINT(SchedMigrateTask);
EBPF_TRACEPOINT(SchedProcessFork);
EBPF_TRACEPOINT(SchedProcessExec);
EBPF_TRACEPOINT(SchedProcessExit);
EBPF_TRACEPOINT(SchedProcessFree);

}  // namespace ebpf

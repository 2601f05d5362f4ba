// SPDX-License-Identifier: MIT
//
// core/tracepoints/events/task.h's tracepoints.
#include "core/tracepoints/events/task.h"

namespace ebpf {

EBPF_TRACEPOINT(TaskNewtask);
EBPF_TRACEPOINT(TaskRename);

}  // namespace ebpf

// SPDX-License-Identifier: MIT
//
// A task of core/capi/ebpf_trace.h as events know it.
#pragma once

#include <stddef.h>

#include "core/capi/ebpf_trace.h"
#include "core/tracepoints/events/trace_task.h"

namespace ebpf {

static_assert(sizeof(ebpf_trace_task) == sizeof(TraceTask) &&
              offsetof(ebpf_trace_task, task) == offsetof(TraceTask, task) &&
              offsetof(ebpf_trace_task, comm) == offsetof(TraceTask, comm) &&
              offsetof(ebpf_trace_task, pid) == offsetof(TraceTask, pid) &&
              offsetof(ebpf_trace_task, prio) == offsetof(TraceTask, prio));

inline const TraceTask* ToTask(const ebpf_trace_task* task) {
  return reinterpret_cast<const TraceTask*>(task);
}

}  // namespace ebpf

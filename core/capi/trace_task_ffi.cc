// SPDX-License-Identifier: MIT
//
// core/capi/ebpf_trace.h's functions of events task:*.
#include "core/capi/trace_task.h"
#include "core/tracepoints/events/task.h"

namespace ebpf {

extern "C" {

void ebpf_trace_task_newtask(const ebpf_trace_task* task,
                             uint64_t clone_flags) {
  EBPF_TRACE(TaskNewtask, task->task, clone_flags, ToTask(task));
}

void ebpf_trace_task_rename(const ebpf_trace_task* task, const char* comm) {
  EBPF_TRACE(TaskRename, task->task, comm, ToTask(task));
}

}  // extern "C"

}  // namespace ebpf

// SPDX-License-Identifier: MIT
//
// core/capi/ebpf_trace.h's functions of events sched:*.
#include "core/capi/trace_task.h"
#include "core/tracepoints/events/sched.h"

namespace ebpf {

extern "C" {

void ebpf_trace_sched_switch(bool preempt, const ebpf_trace_task* prev,
                             const ebpf_trace_task* next, uint32_t prev_state) {
  EBPF_TRACE(SchedSwitch, preempt, prev->task, next->task, prev_state,
             ToTask(prev), ToTask(next));
}

void ebpf_trace_sched_waking(const ebpf_trace_task* task, int32_t cpu) {
  EBPF_TRACE(SchedWaking, task->task, ToTask(task), cpu);
}

void ebpf_trace_sched_wakeup(const ebpf_trace_task* task, int32_t cpu) {
  EBPF_TRACE(SchedWakeup, task->task, ToTask(task), cpu);
}

void ebpf_trace_sched_wakeup_new(const ebpf_trace_task* task, int32_t cpu) {
  EBPF_TRACE(SchedWakeupNew, task->task, ToTask(task), cpu);
}

void ebpf_trace_sched_migrate_task(const ebpf_trace_task* task,
                                   int32_t from_cpu, int32_t to_cpu) {
  EBPF_TRACE(SchedMigrateTask, task->task, to_cpu, ToTask(task), from_cpu);
}

void ebpf_trace_sched_process_fork(const ebpf_trace_task* parent,
                                   const ebpf_trace_task* child) {
  EBPF_TRACE(SchedProcessFork, parent->task, child->task, ToTask(parent),
             ToTask(child));
}

void ebpf_trace_sched_process_exec(const ebpf_trace_task* task, int32_t old_pid,
                                   const char* filename) {
  EBPF_TRACE(SchedProcessExec, task->task, old_pid, filename, task->pid);
}

void ebpf_trace_sched_process_exit(const ebpf_trace_task* task,
                                   bool group_dead) {
  EBPF_TRACE(SchedProcessExit, task->task, group_dead, ToTask(task));
}

void ebpf_trace_sched_process_free(const ebpf_trace_task* task) {
  EBPF_TRACE(SchedProcessFree, task->task, ToTask(task));
}

}  // extern "C"

}  // namespace ebpf

// SPDX-License-Identifier: MIT
//
// Linux's events task:*.
#pragma once

#include <stdint.h>

#include "core/tracepoints/events/trace_task.h"
#include "core/tracepoints/trace.h"

namespace ebpf {

/// There is a task more. `clone_flags`: Linux's CLONE_*, or 0.
struct TaskNewtask {
  static constexpr char kSystem[] = "task";
  static constexpr char kName[] = "task_newtask";
  static constexpr uint32_t kShownArguments = 2;
  struct Record {
    EventHeader header;
    int32_t pid;
    char comm[kTaskCommSize];
    uint64_t clone_flags;
    int16_t oom_score_adj;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("pid_t", pid), EBPF_FIELD("char[16]", comm),
      EBPF_FIELD("u64", clone_flags), EBPF_FIELD("short", oom_score_adj)};
  static constexpr char kPrintFormat[] =
      "\"pid=%d comm=%s clone_flags=%llx oom_score_adj=%hd\", REC->pid, "
      "REC->comm, REC->clone_flags, REC->oom_score_adj";
  static void Fill(Record& record, const void* /*task*/, uint64_t clone_flags,
                   const TraceTask* task) {
    record.pid = task->pid;
    PutText(record.comm, task->name());
    record.clone_flags = clone_flags;
    record.oom_score_adj = 0;
  }
  static Tracepoint tracepoint;
};

/// `task`, which still has its old name, is called `comm` from now on.
struct TaskRename {
  static constexpr char kSystem[] = "task";
  static constexpr char kName[] = "task_rename";
  static constexpr uint32_t kShownArguments = 2;
  struct Record {
    EventHeader header;
    int32_t pid;
    char oldcomm[kTaskCommSize];
    char newcomm[kTaskCommSize];
    int16_t oom_score_adj;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("pid_t", pid), EBPF_FIELD("char[16]", oldcomm),
      EBPF_FIELD("char[16]", newcomm), EBPF_FIELD("short", oom_score_adj)};
  static constexpr char kPrintFormat[] =
      "\"pid=%d oldcomm=%s newcomm=%s oom_score_adj=%hd\", REC->pid, "
      "REC->oldcomm, REC->newcomm, REC->oom_score_adj";
  static void Fill(Record& record, const void* /*task*/, const char* comm,
                   const TraceTask* task) {
    record.pid = task->pid;
    PutText(record.oldcomm, task->name());
    PutText(record.newcomm, StringView::FromField(comm, kTaskCommSize));
    record.oom_score_adj = 0;
  }
  static Tracepoint tracepoint;
};

}  // namespace ebpf

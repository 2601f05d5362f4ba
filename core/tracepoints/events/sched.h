// SPDX-License-Identifier: MIT
//
// Linux's events sched:*, of a scheduler and of the lives of tasks.
#pragma once

#include <stdint.h>

#include "core/tracepoints/events/trace_task.h"
#include "core/tracepoints/trace.h"

namespace ebpf {

/// States of a task that stops running, as prev_state has them; 0: it could
/// run on.
inline constexpr uint32_t kTaskInterruptible = 0x01;
inline constexpr uint32_t kTaskUninterruptible = 0x02;
inline constexpr uint32_t kTaskStopped = 0x04;
inline constexpr uint32_t kTaskTraced = 0x08;
inline constexpr uint32_t kTaskDead = 0x10;
inline constexpr uint32_t kTaskZombie = 0x20;
inline constexpr uint32_t kTaskParked = 0x40;
inline constexpr uint32_t kTaskIdle = 0x80;

/// `next` goes on on this CPU instead of `prev`; `preempt`: which was asked to
/// give way, and could run on.
struct SchedSwitch {
  static constexpr char kSystem[] = "sched";
  static constexpr char kName[] = "sched_switch";
  static constexpr uint32_t kShownArguments = 4;
  struct Record {
    EventHeader header;
    char prev_comm[kTaskCommSize];
    int32_t prev_pid;
    int32_t prev_prio;
    int64_t prev_state;
    char next_comm[kTaskCommSize];
    int32_t next_pid;
    int32_t next_prio;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("char[16]", prev_comm), EBPF_FIELD("pid_t", prev_pid),
      EBPF_FIELD("int", prev_prio),      EBPF_FIELD("long", prev_state),
      EBPF_FIELD("char[16]", next_comm), EBPF_FIELD("pid_t", next_pid),
      EBPF_FIELD("int", next_prio)};
#define EBPF_TASK_STATES                                     \
  "((((0x00000000 | 0x00000001 | 0x00000002 | 0x00000004 | " \
  "0x00000008 | 0x00000010 | 0x00000020 | 0x00000040) + 1) << 1) - 1)"
  static constexpr char kPrintFormat[] =
      "\"prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%s%s ==> "
      "next_comm=%s next_pid=%d next_prio=%d\", REC->prev_comm, "
      "REC->prev_pid, REC->prev_prio, (REC->prev_state & " EBPF_TASK_STATES
      ") ? __print_flags(REC->prev_state & " EBPF_TASK_STATES
      ", \"|\", { 0x00000001, \"S\" }, { 0x00000002, \"D\" }, "
      "{ 0x00000004, \"T\" }, { 0x00000008, \"t\" }, { 0x00000010, \"X\" }, "
      "{ 0x00000020, \"Z\" }, { 0x00000040, \"P\" }, { 0x00000080, \"I\" }) "
      ": \"R\", REC->prev_state & (((0x00000000 | 0x00000001 | 0x00000002 | "
      "0x00000004 | 0x00000008 | 0x00000010 | 0x00000020 | 0x00000040) + 1) "
      "<< 1) ? \"+\" : \"\", REC->next_comm, REC->next_pid, REC->next_prio";
#undef EBPF_TASK_STATES
  static void Fill(Record& record, bool preempt, const void* /*prev*/,
                   const void* /*next*/, uint32_t prev_state,
                   const TraceTask* prev, const TraceTask* next) {
    constexpr int64_t kPreempted = 0x100;
    PutText(record.prev_comm, prev->name());
    record.prev_pid = prev->pid;
    record.prev_prio = prev->prio;
    record.prev_state = preempt ? kPreempted : prev_state;
    PutText(record.next_comm, next->name());
    record.next_pid = next->pid;
    record.next_prio = next->prio;
  }
  static Tracepoint tracepoint;
};

/// What the three below share.
struct SchedWakeupKind {
  static constexpr char kSystem[] = "sched";
  static constexpr uint32_t kShownArguments = 1;
  struct Record {
    EventHeader header;
    char comm[kTaskCommSize];
    int32_t pid;
    int32_t prio;
    int32_t target_cpu;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("char[16]", comm), EBPF_FIELD("pid_t", pid),
      EBPF_FIELD("int", prio), EBPF_FIELD("int", target_cpu)};
  static constexpr char kPrintFormat[] =
      "\"comm=%s pid=%d prio=%d target_cpu=%03d\", REC->comm, REC->pid, "
      "REC->prio, REC->target_cpu";
  static void Fill(Record& record, const void* /*task*/, const TraceTask* task,
                   int32_t target_cpu) {
    PutText(record.comm, task->name());
    record.pid = task->pid;
    record.prio = task->prio;
    record.target_cpu = target_cpu;
  }
};

/// Somebody is about to wake a task.
struct SchedWaking : SchedWakeupKind {
  static constexpr char kName[] = "sched_waking";
  static Tracepoint tracepoint;
};
/// It can run.
struct SchedWakeup : SchedWakeupKind {
  static constexpr char kName[] = "sched_wakeup";
  static Tracepoint tracepoint;
};
/// For the first time.
struct SchedWakeupNew : SchedWakeupKind {
  static constexpr char kName[] = "sched_wakeup_new";
  static Tracepoint tracepoint;
};

/// A task will run on another CPU.
struct SchedMigrateTask {
  static constexpr char kSystem[] = "sched";
  static constexpr char kName[] = "sched_migrate_task";
  static constexpr uint32_t kShownArguments = 2;
  struct Record {
    EventHeader header;
    uint32_t comm;
    int32_t pid;
    int32_t prio;
    int32_t orig_cpu;
    int32_t dest_cpu;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("__data_loc char[]", comm), EBPF_FIELD("pid_t", pid),
      EBPF_FIELD("int", prio), EBPF_FIELD("int", orig_cpu),
      EBPF_FIELD("int", dest_cpu)};
  static constexpr char kPrintFormat[] =
      "\"comm=%s pid=%d prio=%d orig_cpu=%d dest_cpu=%d\", __get_str(comm), "
      "REC->pid, REC->prio, REC->orig_cpu, REC->dest_cpu";
  static size_t TextSize(const void* /*task*/, int32_t /*dest_cpu*/,
                         const TraceTask* task, int32_t /*orig_cpu*/) {
    return RecordText::RoomFor(task->name());
  }
  static void Fill(Record& record, RecordText& text, const void* /*task*/,
                   int32_t dest_cpu, const TraceTask* task, int32_t orig_cpu) {
    record.comm = text.Put(task->name());
    record.pid = task->pid;
    record.prio = task->prio;
    record.orig_cpu = orig_cpu;
    record.dest_cpu = dest_cpu;
  }
  static Tracepoint tracepoint;
};

/// `parent` made `child`.
struct SchedProcessFork {
  static constexpr char kSystem[] = "sched";
  static constexpr char kName[] = "sched_process_fork";
  static constexpr uint32_t kShownArguments = 2;
  struct Record {
    EventHeader header;
    uint32_t parent_comm;
    int32_t parent_pid;
    uint32_t child_comm;
    int32_t child_pid;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("__data_loc char[]", parent_comm),
      EBPF_FIELD("pid_t", parent_pid),
      EBPF_FIELD("__data_loc char[]", child_comm),
      EBPF_FIELD("pid_t", child_pid)};
  static constexpr char kPrintFormat[] =
      "\"comm=%s pid=%d child_comm=%s child_pid=%d\", "
      "__get_str(parent_comm), REC->parent_pid, __get_str(child_comm), "
      "REC->child_pid";
  static size_t TextSize(const void* /*parent*/, const void* /*child*/,
                         const TraceTask* parent, const TraceTask* child) {
    return RecordText::RoomFor(parent->name()) +
           RecordText::RoomFor(child->name());
  }
  static void Fill(Record& record, RecordText& text, const void* /*parent*/,
                   const void* /*child*/, const TraceTask* parent,
                   const TraceTask* child) {
    record.parent_comm = text.Put(parent->name());
    record.parent_pid = parent->pid;
    record.child_comm = text.Put(child->name());
    record.child_pid = child->pid;
  }
  static Tracepoint tracepoint;
};

/// A task, which had the id `old_pid`, runs what `filename` holds from now on.
struct SchedProcessExec {
  static constexpr char kSystem[] = "sched";
  static constexpr char kName[] = "sched_process_exec";
  static constexpr uint32_t kShownArguments = 2;
  struct Record {
    EventHeader header;
    uint32_t filename;
    int32_t pid;
    int32_t old_pid;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("__data_loc char[]", filename), EBPF_FIELD("pid_t", pid),
      EBPF_FIELD("pid_t", old_pid)};
  static constexpr char kPrintFormat[] =
      "\"filename=%s pid=%d old_pid=%d\", __get_str(filename), REC->pid, "
      "REC->old_pid";
  static size_t TextSize(const void* /*task*/, int32_t /*old_pid*/,
                         const char* filename, int32_t /*pid*/) {
    return RecordText::RoomFor(filename);
  }
  static void Fill(Record& record, RecordText& text, const void* /*task*/,
                   int32_t old_pid, const char* filename, int32_t pid) {
    record.filename = text.Put(filename);
    record.pid = pid;
    record.old_pid = old_pid;
  }
  static Tracepoint tracepoint;
};

/// A task ends, its process with it if `group_dead`.
struct SchedProcessExit {
  static constexpr char kSystem[] = "sched";
  static constexpr char kName[] = "sched_process_exit";
  static constexpr uint32_t kShownArguments = 2;
  struct Record {
    EventHeader header;
    char comm[kTaskCommSize];
    int32_t pid;
    int32_t prio;
    bool group_dead;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("char[16]", comm), EBPF_FIELD("pid_t", pid),
      EBPF_FIELD("int", prio), EBPF_FIELD("bool", group_dead)};
  static constexpr char kPrintFormat[] =
      "\"comm=%s pid=%d prio=%d group_dead=%s\", REC->comm, REC->pid, "
      "REC->prio, REC->group_dead ? \"true\" : \"false\"";
  static void Fill(Record& record, const void* /*task*/, bool group_dead,
                   const TraceTask* task) {
    PutText(record.comm, task->name());
    record.pid = task->pid;
    record.prio = task->prio;
    record.group_dead = group_dead;
  }
  static Tracepoint tracepoint;
};

/// Nothing is left of a task.
struct SchedProcessFree {
  static constexpr char kSystem[] = "sched";
  static constexpr char kName[] = "sched_process_free";
  static constexpr uint32_t kShownArguments = 1;
  struct Record {
    EventHeader header;
    uint32_t comm;
    int32_t pid;
    int32_t prio;
  };
  static constexpr EventField kFields[] = {
      EBPF_FIELD("__data_loc char[]", comm), EBPF_FIELD("pid_t", pid),
      EBPF_FIELD("int", prio)};
  static constexpr char kPrintFormat[] =
      "\"comm=%s pid=%d prio=%d\", __get_str(comm), REC->pid, REC->prio";
  static size_t TextSize(const void* /*task*/, const TraceTask* task) {
    return RecordText::RoomFor(task->name());
  }
  static void Fill(Record& record, RecordText& text, const void* /*task*/,
                   const TraceTask* task) {
    record.comm = text.Put(task->name());
    record.pid = task->pid;
    record.prio = task->prio;
  }
  static Tracepoint tracepoint;
};

}  // namespace ebpf

// SPDX-License-Identifier: MIT
//
// Programs on Linux's events of system calls, as its tools write them.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "testing/programs/syscalls.h"

struct syscalls_view seen;

// As bpftool writes them into vmlinux.h.
struct trace_event_raw_sys_enter {
  struct trace_entry ent;
  long id;
  unsigned long args[6];
  char __data[0];
};
struct trace_event_raw_sys_exit {
  struct trace_entry ent;
  long id;
  long ret;
  char __data[0];
};

// Calls that have not returned, by task.
struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u64);
} calls SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_write")
int on_write(struct trace_event_raw_sys_enter *ctx) {
  __u32 task = bpf_get_current_pid_tgid();
  __u64 bytes = ctx->args[2];
  if (ctx->args[0] != SYSCALLS_FD) return 0;
  bpf_map_update_elem(&calls, &task, &bytes, BPF_ANY);
  seen.writes++;
  return 0;
}

SEC("tracepoint/syscalls/sys_exit_write")
int on_written(struct trace_event_raw_sys_exit *ctx) {
  __u32 task = bpf_get_current_pid_tgid();
  __u64 *bytes = bpf_map_lookup_elem(&calls, &task);
  if (!bytes) return 0;
  seen.bytes += *bytes;
  seen.results++;
  seen.result = ctx->ret;
  bpf_map_delete_elem(&calls, &task);
  return 0;
}

SEC("raw_tracepoint/sys_enter")
int on_call(struct bpf_raw_tracepoint_args *ctx) {
  struct pt_regs *regs = (struct pt_regs *)ctx->args[0];
  if (regs) seen.raws++;
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";

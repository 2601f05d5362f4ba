// SPDX-License-Identifier: MIT
//
// Programs on tracepoints as Linux's clients write them: sections that name
// them, records as the format file says, arguments by libbpf's macros.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "testing/programs/trace_clients.h"

struct trace_client_view seen;

// As bpftool writes it into vmlinux.h.
struct trace_event_raw_client_event {
  struct trace_entry ent;
  int number;
  char name[TRACE_CLIENT_NAME_SIZE];
  __u64 word;
  __u32 __data_loc_text;
  char __data[0];
};

SEC("tracepoint/guest_clients/client_event")
int on_record(struct trace_event_raw_client_event *ctx) {
  __u32 text = ctx->__data_loc_text;
  seen.records++;
  seen.number = ctx->number;
  seen.word = ctx->word;
  seen.text_size = text >> 16;
  bpf_probe_read_kernel_str(seen.name, sizeof(seen.name), ctx->name);
  bpf_probe_read_kernel_str(seen.text, sizeof(seen.text),
                            (void *)ctx + (text & 0xffff));
  seen.pid_tgid = bpf_get_current_pid_tgid();
  return 0;
}

SEC("tp/guest_clients/client_event")
int on_short_record(struct trace_event_raw_client_event *ctx) {
  if (ctx->number < 0) seen.short_records++;
  return 0;
}

SEC("raw_tracepoint/client_event")
int on_arguments(struct bpf_raw_tracepoint_args *ctx) {
  seen.raws++;
  seen.raw_number = ctx->args[0];
  return 0;
}

SEC("raw_tp/client_event")
int BPF_PROG(on_short_arguments, int number, __u64 word, const char *name,
             const char *text) {
  if (number < 0) seen.short_raws++;
  seen.raw_word = word;
  bpf_probe_read_kernel_str(seen.raw_text, sizeof(seen.raw_text), text);
  return 0;
}

// The first word of what is passed may be written.
SEC("raw_tp.w/client_buffer")
int on_buffer(struct bpf_raw_tracepoint_args *ctx) {
  __u64 *buffer = (__u64 *)ctx->args[0];
  seen.writes++;
  buffer[0] += buffer[1];
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";

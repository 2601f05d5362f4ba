// SPDX-License-Identifier: MIT
//
// Programs for the tracepoints of object_attach_tracepoint_test.cc.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

// What each program has seen last, and how often it ran.
struct {
  __u64 raw_runs;
  __u64 raw;
  __u64 typed_runs;
  __u64 typed;
  __u64 record_runs;
  __u64 record;
} seen;

SEC("raw_tp/client_event")
int raw(struct bpf_raw_tracepoint_args *ctx) {
  seen.raw_runs++;
  seen.raw = ctx->args[1];
  return 0;
}

// Says at the attach which.
SEC("raw_tracepoint")
int raw_of_any(struct bpf_raw_tracepoint_args *ctx) {
  seen.raw_runs++;
  seen.raw = ctx->args[0];
  return 0;
}

SEC("raw_tp.w/buffer_event")
int writing(struct bpf_raw_tracepoint_args *ctx) {
  __u64 *buffer = (__u64 *)ctx->args[0];
  buffer[1] = 33;
  return 0;
}

SEC("tp_btf/client_event")
int typed(__u64 *ctx) {
  seen.typed_runs++;
  seen.typed = ctx[1];
  return 0;
}

struct client_event {
  __u64 common;
  __u64 number;
};

SEC("tp/loader_test/client_event")
int record(struct client_event *ctx) {
  seen.record_runs++;
  seen.record = ctx->number;
  return 0;
}

SEC("tracepoint/loader_test/absent_event")
int absent(void *ctx) { return 0; }

SEC("tracepoint")
int record_of_any(void *ctx) { return 0; }

char _license[] SEC("license") = "Dual MIT/GPL";

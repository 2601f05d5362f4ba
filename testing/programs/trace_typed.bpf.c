// SPDX-License-Identifier: MIT
//
// Programs on one of Linux's own events, as Linux's clients write them: by
// arguments with types, and by the record.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "testing/programs/trace_clients.h"

struct trace_typed_view seen;

// As bpftool writes it into vmlinux.h.
struct trace_event_raw_cpu {
  struct trace_entry ent;
  __u32 state;
  __u32 cpu_id;
  char __data[0];
};

SEC("tp_btf/cpu_frequency")
int BPF_PROG(on_typed, unsigned int frequency, unsigned int cpu_id) {
  seen.typed++;
  seen.frequency = frequency;
  seen.cpu = cpu_id;
  return 0;
}

SEC("tp/power/cpu_frequency")
int on_frequency(struct trace_event_raw_cpu *ctx) {
  seen.records++;
  seen.state = ctx->state;
  return 0;
}

SEC("perf_event")
int on_sample(struct bpf_perf_event_data *ctx) {
  seen.samples++;
  seen.period = ctx->sample_period;
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";

// SPDX-License-Identifier: MIT
//
// Programs that count how often they run, on the tracepoints of
// testing/guest/trace_storm.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
} hits SEC(".maps");

// As in Linux, perf events count and sample what all programs return 1 for.
static __always_inline int count(void) {
  __u32 zero = 0;
  __u64 *mine = bpf_map_lookup_elem(&hits, &zero);
  if (mine) ++*mine;
  return 1;
}

SEC("tracepoint/guest_storm/storm_shared")
int on_shared(void *ctx) { return count(); }

SEC("tracepoint/guest_storm/storm_alone")
int on_alone(void *ctx) { return count(); }

SEC("raw_tracepoint/storm_shared")
int raw_shared(void *ctx) { return count(); }

SEC("raw_tracepoint/storm_alone")
int raw_alone(void *ctx) { return count(); }

char _license[] SEC("license") = "Dual MIT/GPL";

// SPDX-License-Identifier: MIT
//
// Programs that do nothing, on the tracepoint of testing/guest/trace_bench.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

SEC("raw_tp/bench_event")
int empty_raw(void *ctx) { return 0; }

SEC("tp/guest_bench/bench_event")
int empty_record(void *ctx) { return 0; }

char _license[] SEC("license") = "Dual MIT/GPL";

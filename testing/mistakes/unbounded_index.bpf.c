// SPDX-License-Identifier: MIT
//
// A mistake on purpose: an argument of the probed function is an index, and
// nothing bounds it.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct histogram {
  __u64 slots[32];
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct histogram);
} sizes SEC(".maps");

SEC("kprobe")
int count_size(struct pt_regs *ctx) {
  __u64 size = PT_REGS_PARM3(ctx);
  __u32 zero = 0;
  struct histogram *histogram = bpf_map_lookup_elem(&sizes, &zero);
  if (!histogram) return 0;
  histogram->slots[size / 64] += 1;
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";

// SPDX-License-Identifier: MIT
//
// A mistake on purpose: the map's values are smaller than what is read there.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, __u64);
  __type(value, __u32);
} hits SEC(".maps");

SEC("kprobe")
int count_hits(struct pt_regs *ctx) {
  __u64 fd = PT_REGS_PARM1(ctx);
  __u64 *hit = bpf_map_lookup_elem(&hits, &fd);
  if (hit) *hit += 1;
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";

// SPDX-License-Identifier: MIT
//
// A mistake on purpose: a program that waits for a flag.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u32);
} ready SEC(".maps");

SEC("kprobe")
int wait(struct pt_regs *ctx) {
  __u32 zero = 0;
  volatile __u32 *flag = bpf_map_lookup_elem(&ready, &zero);
  if (!flag) return 0;
  while (*flag == 0) {
  }
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";

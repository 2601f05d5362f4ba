// SPDX-License-Identifier: MIT
//
// A mistake on purpose: a field behind the end of a kprobe's context.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

struct call {
  __u64 regs[21];
  __u64 time;  // nobody gives it
};

SEC("kprobe")
int tell_time(struct pt_regs *ctx) {
  struct call *call = (struct call *)ctx;
  bpf_printk("at %llu", call->time);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";

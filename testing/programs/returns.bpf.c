// SPDX-License-Identifier: MIT
//
// On the return of a function: how often, the sum of what it returned, and
// which one it was.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 returned;
__u64 sum;
__u64 function;

SEC("kretprobe/kernel_function")
int BPF_KRETPROBE(follow, __u64 result) {
  __sync_fetch_and_add(&returned, 1);
  __sync_fetch_and_add(&sum, result);
  function = bpf_get_func_ip(ctx);
  return 0;
}

// A return has no offset.
SEC("kretprobe/kernel_function+4")
int BPF_KRETPROBE(nowhere, __u64 result) { return 0; }

char _license[] SEC("license") = "Dual MIT/GPL";

// SPDX-License-Identifier: MIT
//
// Errors injected into a function of the kernel: every other call fails.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

__u64 calls;

SEC("kprobe/guest_reserve")
int BPF_KPROBE(fail_every_other, long count) {
  if (__sync_fetch_and_add(&calls, 1) & 1) {
    bpf_override_return(ctx, -12 - count);
  }
  return 0;
}

char _license[] SEC("license") = "GPL";

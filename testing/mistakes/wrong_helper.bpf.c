// SPDX-License-Identifier: MIT
//
// A mistake on purpose: a kprobe has no packet to load from.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

SEC("kprobe")
int first_byte(struct pt_regs *ctx) {
  __u8 byte = 0;
  bpf_skb_load_bytes(ctx, 0, &byte, sizeof(byte));
  return byte;
}

char _license[] SEC("license") = "Dual MIT/GPL";

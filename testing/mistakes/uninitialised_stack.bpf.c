// SPDX-License-Identifier: MIT
//
// A mistake on purpose: a key with a hole between its members, which nobody
// fills, is given to a helper.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

struct key {
  __u32 protocol;
  __u64 mark;
};

struct __sk_buff {
  __u32 len;
  __u32 pkt_type;
  __u32 mark;
  __u32 queue_mapping;
  __u32 protocol;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 64);
  __type(key, struct key);
  __type(value, __u64);
} packets SEC(".maps");

SEC("socket")
int count_packets(struct __sk_buff *skb) {
  struct key key;
  key.protocol = skb->protocol;
  key.mark = skb->mark;
  __u64 *count = bpf_map_lookup_elem(&packets, &key);
  if (count) *count += 1;
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";

// SPDX-License-Identifier: MIT
//
// What a loader program loads (a light skeleton): maps of each kind that it
// fills, and a program that uses all of them.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} counts SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 16);
  __type(key, __u32);
  __type(value, __u32);
} seen SEC(".maps");

// Set before loading.
const volatile __u64 step = 5;

__u64 total = 100;

SEC("socket")
int count(void *packet) {
  __u32 one = 1;
  __u32 key = 64;
  __u64 *counter = bpf_map_lookup_elem(&counts, &one);
  if (counter) {
    *counter += step;
  }
  bpf_map_update_elem(&seen, &key, &one, BPF_ANY);
  total += step;
  return 3;
}

char LICENSE[] SEC("license") = "Dual MIT/GPL";

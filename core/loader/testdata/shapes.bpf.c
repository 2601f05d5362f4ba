// SPDX-License-Identifier: MIT
//
// What a loader must get right: several programs and subprograms, callbacks,
// maps with each kind of member, all kinds of global data, an extra section.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

struct key {
  __u32 a;
  __u16 b[3];
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 7);
  __uint(map_flags, 1);
  __type(key, struct key);
  __uint(value_size, 12);
} by_key SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 3);
  __uint(key_size, 4);
  __type(value, __u64);
} slots SEC(".maps");

const volatile __u32 limit = 41;
volatile __u64 first = 0x1122334455667788;
volatile __u32 second = 2;
volatile __u64 zeroed[4];
volatile __u32 custom SEC(".data.custom") = 99;

static __noinline __u64 leaf(__u64 x) { return x + second; }

static __noinline __u64 middle(__u64 x) { return leaf(x) + leaf(x + 1); }

static long callback(__u64 index, void *context) {
  *(__u64 *)context += index + leaf(index);
  return 0;
}

SEC("kprobe/one")
int program_one(void *context) {
  zeroed[3] = middle(first);
  return limit;
}

SEC("kprobe/two+4")
int program_two(void *context) {
  __u64 sum = 0;
  bpf_loop(4, callback, &sum, 0);
  custom = sum;
  return leaf(sum);
}

SEC("kprobe/one")
int program_three(void *context) {
  __u32 key = 1;
  __u64 *slot = bpf_map_lookup_elem(&slots, &key);
  struct key other = {1, {2, 3, 4}};
  return slot && bpf_map_lookup_elem(&by_key, &other);
}

char _license[] SEC("license") = "Dual MIT/GPL";

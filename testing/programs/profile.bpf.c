// SPDX-License-Identifier: MIT
//
// A profile: the kernel stacks that a clock's ticks interrupt, and how often
// each of them was seen.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

#include "testing/programs/profile.h"

struct {
  __uint(type, BPF_MAP_TYPE_STACK_TRACE);
  __uint(max_entries, PROFILE_STACKS);
  __uint(key_size, sizeof(__u32));
  __uint(value_size, sizeof(struct profile_stack));
} stacks SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, PROFILE_STACKS);
  __type(key, __u32);
  __type(value, __u64);
} counts SEC(".maps");

struct profile_totals totals;

SEC("perf_event")
int on_tick(struct bpf_perf_event_data *ctx) {
  const long id = bpf_get_stackid(ctx, &stacks, 0);
  const __u32 key = id;
  const __u64 first = 1;
  __u64 *count;
  __sync_fetch_and_add(&totals.samples, 1);
  if (id < 0) {
    __sync_fetch_and_add(&totals.lost, 1);
    return 0;
  }
  count = bpf_map_lookup_elem(&counts, &key);
  if (count)
    __sync_fetch_and_add(count, 1);
  else if (bpf_map_update_elem(&counts, &key, &first, BPF_NOEXIST))
    __sync_fetch_and_add(&totals.lost, 1);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";

// SPDX-License-Identifier: MIT
//
// How long functions take: the entry's time by task and function in a hash, and
// at the return a power-of-two histogram for each function.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "testing/programs/latency.h"

struct call_key {
  __u64 task;
  __u64 function;
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, struct call_key);
  __type(value, __u64);
} started SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, struct latency_key);
  __type(value, __u64);
} latency SEC(".maps");

struct latency_totals totals;

static __noinline __u32 log2_slot(__u64 value) {
  __u32 slot = 0;
  for (int shift = 32; shift > 0; shift /= 2) {
    if (value >> shift) {
      value >>= shift;
      slot += shift;
    }
  }
  return slot;
}

static __always_inline void count(const struct latency_key *key) {
  __u64 *calls = bpf_map_lookup_elem(&latency, key);
  if (!calls) {
    const __u64 zero = 0;
    bpf_map_update_elem(&latency, key, &zero, BPF_NOEXIST);
    calls = bpf_map_lookup_elem(&latency, key);
  }
  if (calls)
    __sync_fetch_and_add(calls, 1);
  else
    __sync_fetch_and_add(&totals.lost, 1);
}

SEC("kprobe")
int BPF_KPROBE(on_entry) {
  const struct call_key key = {bpf_get_current_pid_tgid(),
                               bpf_get_func_ip(ctx)};
  const __u64 now = bpf_ktime_get_ns();
  __sync_fetch_and_add(&totals.entered, 1);
  if (bpf_map_update_elem(&started, &key, &now, BPF_ANY))
    __sync_fetch_and_add(&totals.lost, 1);
  return 0;
}

SEC("kretprobe")
int BPF_KRETPROBE(on_return) {
  const __u64 now = bpf_ktime_get_ns();
  const struct call_key key = {bpf_get_current_pid_tgid(),
                               bpf_get_func_ip(ctx)};
  const __u64 *start = bpf_map_lookup_elem(&started, &key);
  if (!start) {
    __sync_fetch_and_add(&totals.unmatched, 1);
    return 0;
  }
  const struct latency_key slot = {key.function, log2_slot(now - *start)};
  bpf_map_delete_elem(&started, &key);
  __sync_fetch_and_add(&totals.returned, 1);
  count(&slot);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";

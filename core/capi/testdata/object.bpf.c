// SPDX-License-Identifier: MIT
//
// What object_test.cc loads.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 3);
  __type(key, __u32);
  __type(value, __u64);
} runs SEC(".maps");

static void count(__u32 index) {
  __u64 *value = bpf_map_lookup_elem(&runs, &index);
  if (value) __sync_fetch_and_add(value, 1);
}

SEC("kprobe/capi_object_first")
int at_first(void *ctx) {
  count(0);
  return 0;
}

SEC("kretprobe/capi_object_second")
int after_second(void *ctx) {
  count(1);
  return 0;
}

// Says at the attach to what.
SEC("kprobe")
int at_any(void *ctx) {
  count(2);
  return 0;
}

SEC("?kprobe/capi_object_first")
int on_demand(void *ctx) { return 0; }

char LICENSE[] SEC("license") = "GPL";

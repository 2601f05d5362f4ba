// SPDX-License-Identifier: MIT
//
// Programs of all kinds, each with what its kind is about, some refused: for
// who loads them all, again and again.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 4);
  __type(key, __u32);
  __type(value, __u64);
} numbers SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 4);
  __type(key, __u64);
  __type(value, __u64);
} by_key SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} ring SEC(".maps");

// As many as there are CPUs.
struct {
  __uint(type, 4);  // array of perf events
  __uint(key_size, 4);
  __uint(value_size, 4);
} events SEC(".maps");

volatile __u64 total;
const volatile __u32 step = 3;

static __noinline __u64 add(__u64 a, __u64 b) { return a + b * step; }

__noinline int twice(int number) { return number * 2; }

static long each(__u64 index, void *context) {
  total += index;
  return 0;
}

// What no type forbids, under different names of sections.
#define PLAIN(name, section)                                   \
  SEC(section) int name##_returns(void *context) { return 0; } \
  SEC(section) int name##_counts(void *context) {              \
    __u32 key = total & 3;                                     \
    __u64 *value = bpf_map_lookup_elem(&numbers, &key);        \
    if (value) *value = add(*value, total);                    \
    return 0;                                                  \
  }                                                            \
  SEC(section) int name##_loops(void *context) {               \
    for (__u32 i = 0; i < 20; ++i) total += twice(i);          \
    return 0;                                                  \
  }                                                            \
  SEC(section) int name##_is_refused(void *context) {          \
    __u64 key = 1;                                             \
    return *(__u64 *)bpf_map_lookup_elem(&by_key, &key) & 1;   \
  }

PLAIN(socket, "socket")
PLAIN(kprobe, "kprobe/function")
PLAIN(tc, "tc")
PLAIN(xdp, "xdp")
PLAIN(tracepoint, "tracepoint")
PLAIN(raw_tp, "raw_tp")
PLAIN(perf_event, "perf_event")
PLAIN(lwt, "lwt_in")
PLAIN(cgroup, "cgroup/skb")
PLAIN(sockops, "sockops")
PLAIN(msg, "sk_msg")

SEC("socket") int calls_back(void *context) {
  bpf_loop(8, each, 0, 0);
  return 0;
}

SEC("socket") int for_each(void *context) {
  bpf_for_each_map_elem(&numbers, each, 0, 0);
  return 0;
}

SEC("kprobe/function") int sends(void *context) {
  __u64 *record = bpf_ringbuf_reserve(&ring, 8, 0);
  if (!record) return 0;
  *record = total;
  bpf_ringbuf_submit(record, 0);
  return 0;
}

SEC("kprobe/function") int leaks_a_record(void *context) {
  return bpf_ringbuf_reserve(&ring, 8, 0) != 0;
}

struct packet {
  __u32 data;
  __u32 end;
};

SEC("xdp") int reads_a_packet(struct packet *packet) {
  unsigned char *data = (void *)(long)packet->data;
  unsigned char *end = (void *)(long)packet->end;
  if (data + 14 > end) return 1;
  return data[12] == 8 ? 2 : 1;
}

SEC("socket") int never_ends(void *context) {
  while (total < 5);
  return 0;
}

char license_text[] SEC("license") = "GPL";

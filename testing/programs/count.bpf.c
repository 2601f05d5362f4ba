// SPDX-License-Identifier: MIT
//
// On read(fd, buffer, size) or write: hits by fd in a hash, a power-of-two
// histogram of sizes in an array, and all hits by CPU.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "testing/programs/count.h"

struct {
  __uint(type, BPF_MAP_TYPE_HASH);
  __uint(max_entries, 1024);
  __type(key, __u64);
  __type(value, __u64);
} hits SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, COUNT_SLOTS);
  __type(key, __u32);
  __type(value, __u64);
} sizes SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct call_count);
} calls SEC(".maps");

// Not more than this is counted by size; a reader may set it before loading.
const volatile __u64 max_size = 1ull << 40;

// How often `hits` was full.
__u64 lost;

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

SEC("kprobe")
int count(struct pt_regs *ctx) {
  __u64 fd = PT_REGS_PARM1(ctx);
  __u64 size = PT_REGS_PARM3(ctx);
  __u32 zero = 0;

  struct call_count *mine = bpf_map_lookup_elem(&calls, &zero);
  if (!mine) return 0;
  mine->hits++;
  mine->sum_of_sizes += size;

  __u64 *hit = bpf_map_lookup_elem(&hits, &fd);
  if (hit) {
    __sync_fetch_and_add(hit, 1);
  } else {
    __u64 one = 1;
    if (bpf_map_update_elem(&hits, &fd, &one, BPF_NOEXIST)) {
      hit = bpf_map_lookup_elem(&hits, &fd);  // another CPU was first
      if (hit)
        __sync_fetch_and_add(hit, 1);
      else
        __sync_fetch_and_add(&lost, 1);
    }
  }

  if (size > max_size) return 0;
  __u32 slot = log2_slot(size);
  __u64 *bucket = bpf_map_lookup_elem(&sizes, &slot);
  if (bucket) __sync_fetch_and_add(bucket, 1);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";

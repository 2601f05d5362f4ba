// SPDX-License-Identifier: MIT
//
// What single helpers cost: each program does its work some 10 000 times.
// Measured by testing/benchmarks/helpers_bench.cc.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

// As in helpers_bench.cc.
#define ROUNDS 10000
#define RING_BYTES (1 << 20)

struct value {
  struct bpf_spin_lock lock;
  __u32 number;
  __u64 words[7];
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct value);
} values SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, RING_BYTES);
} ring SEC(".maps");

struct bytes {
  __u64 words[8];
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct bytes);
} memory SEC(".maps");

// A lookup of its own for each program, as they would have.
static __always_inline struct bytes *bytes(void) {
  __u32 key = 0;
  return bpf_map_lookup_elem(&memory, &key);
}

static long nothing(__u32 index, void *context) { return 0; }

SEC("tc")
int loop(void *ctx) {
  bpf_loop(ROUNDS, nothing, 0, 0);
  return 0;
}

SEC("tc")
int spin_lock_pair(void *ctx) {
  for (int i = 0; i < 100; ++i) {
    __u32 key = 0;
    struct value *value = bpf_map_lookup_elem(&values, &key);
    if (!value) {
      return 0;
    }
#pragma unroll
    for (int k = 0; k < 100; ++k) {
      bpf_spin_lock(&value->lock);
      value->number += 1;
      bpf_spin_unlock(&value->lock);
    }
  }
  return 0;
}

static long one_record(__u32 index, void *context) {
  __u64 *record = bpf_ringbuf_reserve(&ring, 64, 0);
  if (record) {
    record[0] = index;
    bpf_ringbuf_submit(record, 1);
  }
  return 0;
}

SEC("tc")
int ring_record(void *ctx) {
  bpf_loop(ROUNDS, one_record, 0, 0);
  return 0;
}

static long one_output(__u32 index, void *context) {
  __u64 record[8] = {index};
  bpf_ringbuf_output(&ring, record, sizeof(record), 1);
  return 0;
}

SEC("tc")
int ring_output(void *ctx) {
  bpf_loop(ROUNDS, one_output, 0, 0);
  return 0;
}

static long one_dynptr(__u32 index, void *context) {
  struct bpf_dynptr record;
  bpf_ringbuf_reserve_dynptr(&ring, 64, 0, &record);
  __u64 *words = bpf_dynptr_data(&record, 0, 64);
  if (words) {
    words[0] = index;
  }
  bpf_ringbuf_submit_dynptr(&record, 1);
  return 0;
}

SEC("tc")
int ring_dynptr(void *ctx) {
  bpf_loop(ROUNDS, one_dynptr, 0, 0);
  return 0;
}

static long one_read(__u32 index, void *context) {
  __u64 word;
  bpf_probe_read_kernel(&word, sizeof(word), *(void **)context);
  return word == 1;
}

SEC("tc")
int probe_read_8(void *ctx) {
  struct bytes *from = bytes();
  if (from) {
    bpf_loop(ROUNDS, one_read, &from, 0);
  }
  return 0;
}

static long one_number(__u32 index, void *context) {
  char text[8] = "12345";
  long number = 0;
  bpf_strtol(text, sizeof(text), 10, &number);
  return 0;
}

SEC("tc")
int strtol(void *ctx) {
  bpf_loop(ROUNDS, one_number, 0, 0);
  return 0;
}

static long one_text(__u32 index, void *context) {
  static const char format[] = "%d %s";
  static const char word[] = "word";
  char text[32];
  __u64 args[] = {index, (__u64)word};
  bpf_snprintf(text, sizeof(text), format, args, sizeof(args));
  return 0;
}

SEC("tc")
int snprintf(void *ctx) {
  bpf_loop(ROUNDS, one_text, 0, 0);
  return 0;
}

static long one_time(__u32 index, void *context) {
  return bpf_ktime_get_ns() == 0;
}

SEC("tc")
int ktime(void *ctx) {
  bpf_loop(ROUNDS, one_time, 0, 0);
  return 0;
}

static long one_random(__u32 index, void *context) {
  bpf_get_prandom_u32();
  return 0;
}

SEC("tc")
int prandom(void *ctx) {
  bpf_loop(ROUNDS, one_random, 0, 0);
  return 0;
}

static long one_comparison(__u32 index, void *context) {
  static const char wanted[] = "hello, world";
  char text[16] = "hello, world";
  bpf_strncmp(text, sizeof(text), wanted);
  return 0;
}

SEC("tc")
int strncmp(void *ctx) {
  bpf_loop(ROUNDS, one_comparison, 0, 0);
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";

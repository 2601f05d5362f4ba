// SPDX-License-Identifier: MIT
//
// Queues, stacks, filters, tries and maps of maps, as programs use them.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

#include "testing/programs/outcomes.h"

struct {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 3);
  __type(value, __u64);
} queue SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_STACK);
  __uint(max_entries, 3);
  __type(value, __u64);
} stack SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
  __uint(max_entries, 1000);
  __uint(map_extra, 7);
  __type(value, __u64);
} filter SEC(".maps");

struct prefix {
  __u32 length;
  __u8 bytes[4];
};

struct {
  __uint(type, BPF_MAP_TYPE_LPM_TRIE);
  __uint(max_entries, 4);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, struct prefix);
  __type(value, __u64);
} trie SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u64);
} per_cpu SEC(".maps");

struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 2);
  __type(key, __u32);
  __type(value, __u64);
};

struct inner first SEC(".maps");
struct inner second SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 4);
  __type(key, __u32);
  __array(values, struct inner);
} array_of_maps SEC(".maps") = {
    .values = {[0] = &first, [2] = &second},
};

struct {
  __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
  __uint(max_entries, 4);
  __type(key, __u32);
  __array(values, struct inner);
} hash_of_maps SEC(".maps") = {
    .values = {[1] = &first, [3] = &second},
};

struct queue_inner {
  __uint(type, BPF_MAP_TYPE_QUEUE);
  __uint(max_entries, 2);
  __uint(value_size, 8);
};

struct queue_inner inner_queue SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 1);
  __type(key, __u32);
  __array(values, struct queue_inner);
} array_of_queues SEC(".maps") = {
    .values = {[0] = &inner_queue},
};

#define USE_QUEUE(map)                                      \
  do {                                                      \
    __u64 value = 7;                                        \
    record(bpf_map_pop_elem(map, &value), value);           \
    value = 7;                                              \
    record(bpf_map_peek_elem(map, &value), value);          \
    for (__u64 i = 1; i <= 4; i++) {                        \
      record(bpf_map_push_elem(map, &i, BPF_ANY), i);       \
    }                                                       \
    value = 5;                                              \
    record(bpf_map_push_elem(map, &value, 1), 1);           \
    record(bpf_map_push_elem(map, &value, 3), 3);           \
    record(bpf_map_push_elem(map, &value, 4), 4);           \
    record(bpf_map_push_elem(map, &value, 1ull << 33), 33); \
    record(bpf_map_push_elem(map, &value, BPF_EXIST), 2);   \
    record(bpf_map_peek_elem(map, &value), value);          \
    for (int i = 0; i < 4; i++) {                           \
      value = 9;                                            \
      record(bpf_map_pop_elem(map, &value), value);         \
    }                                                       \
  } while (0)

SEC("tc")
int queues(void *ctx) {
  USE_QUEUE(&queue);
  return 0;
}

SEC("tc")
int stacks(void *ctx) {
  USE_QUEUE(&stack);
  return 0;
}

SEC("tc")
int filters(void *ctx) {
  __u64 value = 1234;
  record(bpf_map_peek_elem(&filter, &value), value);
  record(bpf_map_push_elem(&filter, &value, BPF_ANY), value);
  record(bpf_map_push_elem(&filter, &value, BPF_EXIST), value);
  record(bpf_map_push_elem(&filter, &value, BPF_NOEXIST), value);
  record(bpf_map_peek_elem(&filter, &value), value);
  value = 1235;
  record(bpf_map_peek_elem(&filter, &value), value);
  return 0;
}

static __always_inline void find(__u32 length, __u32 a, __u32 b, __u32 c,
                                 __u32 d) {
  struct prefix key = {length, {a, b, c, d}};
  __u64 *value = bpf_map_lookup_elem(&trie, &key);
  record(value ? 0 : -2, value ? *value : 0);
}

static __always_inline void put(__u32 length, __u32 a, __u32 b, __u32 c,
                                __u32 d, __u64 value, __u64 flags) {
  struct prefix key = {length, {a, b, c, d}};
  record(bpf_map_update_elem(&trie, &key, &value, flags), value);
}

SEC("tc")
int tries(void *ctx) {
  find(32, 1, 2, 3, 4);
  put(8, 10, 0, 0, 0, 1, BPF_EXIST);
  put(8, 10, 0, 0, 0, 2, BPF_NOEXIST);
  put(8, 10, 7, 7, 7, 3, BPF_NOEXIST);
  put(16, 10, 1, 0, 0, 4, BPF_ANY);
  put(24, 10, 1, 7, 0, 5, BPF_ANY);
  put(33, 10, 1, 7, 0, 6, BPF_ANY);
  put(0, 0, 0, 0, 0, 7, BPF_ANY);
  put(25, 10, 1, 7, 0, 8, BPF_ANY);
  put(24, 10, 1, 7, 9, 9, 5);
  put(24, 10, 1, 7, 9, 10, BPF_ANY);
  find(32, 10, 1, 7, 200);
  find(32, 10, 1, 6, 200);
  find(23, 10, 1, 7, 200);
  find(33, 10, 1, 7, 200);
  find(32, 10, 9, 9, 9);
  find(32, 11, 9, 9, 9);
  struct prefix key = {16, {10, 1, 5, 5}};
  record(bpf_map_delete_elem(&trie, &key), 0);
  record(bpf_map_delete_elem(&trie, &key), 0);
  key.length = 40;
  record(bpf_map_delete_elem(&trie, &key), 0);
  find(32, 10, 1, 6, 200);
  find(32, 10, 1, 7, 200);
  return 0;
}

SEC("tc")
int cpus(void *ctx) {
  __u32 key = 1;
  __u64 value = 77;
  __u32 cpu = bpf_get_smp_processor_id();
  record(bpf_map_update_elem(&per_cpu, &key, &value, BPF_ANY), 0);
  __u64 *found = bpf_map_lookup_percpu_elem(&per_cpu, &key, cpu);
  record(0, found ? *found : 0);
  record(bpf_map_lookup_percpu_elem(&per_cpu, &key, -1) == 0, 0);
  key = 2;
  record(bpf_map_lookup_percpu_elem(&per_cpu, &key, cpu) == 0, 0);
  return 0;
}

static __always_inline void count_in(void *outer, __u32 key, __u32 index) {
  void *map = bpf_map_lookup_elem(outer, &key);
  if (!map) {
    record(-2, key);
    return;
  }
  __u64 *value = bpf_map_lookup_elem(map, &index);
  if (!value) {
    record(-3, key);
    return;
  }
  *value += 1 + key;
  record(0, *value);
  __u64 other = *value + 100;
  record(bpf_map_update_elem(map, &index, &other, BPF_ANY), key);
}

SEC("tc")
int maps_of_maps(void *ctx) {
  for (__u32 i = 0; i < 5; i++) {
    count_in(&array_of_maps, i, i & 1);
    count_in(&hash_of_maps, i, 1);
  }
  count_in(&array_of_maps, 0, 2);
  count_in(&array_of_maps, -1, 0);
  __u32 key = 0;
  void *map = bpf_map_lookup_elem(&array_of_queues, &key);
  if (map) {
    __u64 value = 4;
    record(bpf_map_push_elem(map, &value, BPF_ANY), 0);
    value = 0;
    record(bpf_map_pop_elem(map, &value), value);
    record(bpf_map_pop_elem(map, &value), value);
  }
  return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";

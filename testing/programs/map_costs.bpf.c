// SPDX-License-Identifier: MIT
//
// What single operations on maps cost: each program does its own some 10 000
// times, on maps of 1024 keys that `fill` puts in. Measured by
// testing/benchmarks/helpers_bench.cc.
#include "testing/programs/linux_types.h"

#include <bpf/bpf_helpers.h>

// As in helpers_bench.cc.
#define ROUNDS 10000
// No more: each lookup is a branch, of which Linux follows 8192 at once.
#define STRAIGHT_ROUNDS 5000
#define KEYS 1024
#define FILLED_AT_ONCE 8

// Of enum bpf_map_type.
#define BPF_MAP_TYPE_PROG_ARRAY 3

#define MAP(kind, keys, key_type)      \
  struct {                             \
    __uint(type, BPF_MAP_TYPE_##kind); \
    __uint(max_entries, keys);         \
    __type(key, key_type);             \
    __type(value, __u64);              \
  }

struct long_key {
  __u64 words[5];
};

MAP(ARRAY, KEYS, __u32) array SEC(".maps");
MAP(PERCPU_ARRAY, KEYS, __u32) per_cpu_array SEC(".maps");
MAP(HASH, 2 * KEYS, __u32) hash SEC(".maps");
MAP(HASH, KEYS, struct long_key) hash_40 SEC(".maps");
MAP(LRU_HASH, 2 * KEYS, __u32) lru SEC(".maps");
MAP(LRU_HASH, KEYS, __u32) full_lru SEC(".maps");

#define PREFIXES(name, key_type)          \
  struct {                                \
    __uint(type, BPF_MAP_TYPE_LPM_TRIE);  \
    __uint(max_entries, KEYS);            \
    __uint(map_flags, BPF_F_NO_PREALLOC); \
    __type(key, key_type);                \
    __type(value, __u64);                 \
  } name SEC(".maps")

struct prefix4 {
  __u32 length;
  __u32 data;
};

struct prefix6 {
  __u32 length;
  __u32 data[4];
};

PREFIXES(lpm_ipv4, struct prefix4);
PREFIXES(lpm_ipv6, struct prefix6);

#define VALUES(name, kind)             \
  struct {                             \
    __uint(type, BPF_MAP_TYPE_##kind); \
    __uint(max_entries, KEYS);         \
    __type(value, __u64);              \
  } name SEC(".maps")

VALUES(queue, QUEUE);
VALUES(stack, STACK);
VALUES(bloom, BLOOM_FILTER);

struct inner {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, __u64);
};

struct inner one SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
  __uint(max_entries, 4);
  __type(key, __u32);
  __array(values, struct inner);
} array_of_maps SEC(".maps") = {.values = {&one, &one, &one, &one}};

struct {
  __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
  __uint(max_entries, 4);
  __type(key, __u32);
  __array(values, struct inner);
} hash_of_maps SEC(".maps") = {.values = {&one, &one, &one, &one}};

int tail_call(void *ctx);

struct {
  __uint(type, BPF_MAP_TYPE_PROG_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __array(values, int(void *));
} tails SEC(".maps") = {.values = {(void *)&tail_call}};

__u64 sum;
// Of lookups in one run, which is the program's result.
__u32 found;
__u32 next_key = 1 << 20;

// Keys below KEYS, in no order.
static __always_inline __u32 random_key(__u32 index) {
  return (index * 2654435761u) >> 22;
}

// Many distinct networks, which share few first bits.
static __always_inline __u32 network(__u32 key) { return key * 2654435761u; }

static __always_inline __u32 length4(__u32 key) {
  return key % 8 < 5 ? 24 : 16 + key % 8;
}

static __always_inline struct prefix6 network6(__u32 key, __u32 length) {
  // Few first 16 bits, many in the next ones, as addresses are given out.
  struct prefix6 prefix = {length,
                           {__builtin_bswap32(0x2a000000u | (key & 7) << 16 |
                                              (key * 40503 & 0xffff)),
                            network(key), 0, 0}};
  return prefix;
}

static long fill_one(__u32 key, void *context) {
  __u64 value = key;
  struct long_key words = {{key}};
  struct prefix4 prefix = {length4(key), network(key)};
  struct prefix6 longer = network6(key, key % 2 ? 48 : 32 + key % 16);
  bpf_map_update_elem(&hash, &key, &value, BPF_ANY);
  bpf_map_update_elem(&hash_40, &words, &value, BPF_ANY);
  bpf_map_update_elem(&lru, &key, &value, BPF_ANY);
  bpf_map_update_elem(&full_lru, &key, &value, BPF_ANY);
  bpf_map_update_elem(&lpm_ipv4, &prefix, &value, BPF_ANY);
  bpf_map_update_elem(&lpm_ipv6, &longer, &value, BPF_ANY);
  if (key % 2) {
    bpf_map_push_elem(&bloom, &value, BPF_ANY);
  }
  if (key < KEYS / 2) {
    bpf_map_push_elem(&queue, &value, BPF_ANY);
    bpf_map_push_elem(&stack, &value, BPF_ANY);
  }
  return 0;
}

__u32 filled;

static long fill_next(__u32 index, void *context) {
  return filled < KEYS ? fill_one(filled++, 0) : 1;
}

// A few keys at a time: kinds that allocate what a program puts in have little
// at once.
SEC("tc")
int fill(void *ctx) {
  bpf_loop(FILLED_AT_ONCE, fill_next, 0, 0);
  return 0;
}

// What is in a straight line is compared with this: a key that changes.
#define STRAIGHT(name, statement)                       \
  SEC("tc")                                             \
  int name(void *ctx) {                                 \
    __u64 local = 0;                                    \
    volatile __u32 key;                                 \
    for (int i = 0; i < STRAIGHT_ROUNDS / 10; ++i) {    \
      _Pragma("unroll") for (int k = 0; k < 10; ++k) {  \
        key = k & 3;                                    \
        statement /* Nothing is put off until later. */ \
            __asm__ volatile("" : "+r"(local));         \
      }                                                 \
    }                                                   \
    sum += local;                                       \
    return 0;                                           \
  }

STRAIGHT(straight, local += key;)

#define FIND(map)                                                 \
  {                                                               \
    __u64 *value = bpf_map_lookup_elem(&map, (const void *)&key); \
    if (!value) {                                                 \
      return 0;                                                   \
    }                                                             \
    local += *value;                                              \
  }

STRAIGHT(array_lookup, FIND(array))
STRAIGHT(per_cpu_array_lookup, FIND(per_cpu_array))

// What is in a loop is compared with this: a key, and the loop.
#define LOOPED(name, ...)                              \
  static long one_##name(__u32 index, void *context) { \
    __u32 key = random_key(index);                     \
    __VA_ARGS__                                        \
    return 0;                                          \
  }                                                    \
  SEC("tc")                                            \
  int name(void *ctx) {                                \
    found = 0;                                         \
    bpf_loop(ROUNDS, one_##name, 0, 0);                \
    return found;                                      \
  }

LOOPED(looped, *(volatile __u32 *)&key = key;)

#define COUNT(map, key)                          \
  __u64 *value = bpf_map_lookup_elem(&map, key); \
  if (value) {                                   \
    found += *value < KEYS;                      \
  }

LOOPED(hash_hit, COUNT(hash, &key))
LOOPED(hash_miss, key += KEYS; COUNT(hash, &key))
LOOPED(hash_hit_40, struct long_key words = {{key}}; COUNT(hash_40, &words))
LOOPED(hash_update, __u64 one = 1;
       bpf_map_update_elem(&hash, &key, &one, BPF_ANY);)
LOOPED(hash_insert_delete, __u64 one = 1; key += KEYS;
       bpf_map_update_elem(&hash, &key, &one, BPF_ANY);
       bpf_map_delete_elem(&hash, &key);)
LOOPED(lru_hit, COUNT(lru, &key))
LOOPED(lru_update, __u64 one = 1;
       bpf_map_update_elem(&lru, &key, &one, BPF_ANY);)
LOOPED(lru_evict, __u64 one = 1; key = ++next_key;
       bpf_map_update_elem(&full_lru, &key, &one, BPF_ANY);)
LOOPED(array_of_maps_lookup, key &= 3;
       found += bpf_map_lookup_elem(&array_of_maps, &key) != 0;)
LOOPED(hash_of_maps_lookup, key &= 3;
       found += bpf_map_lookup_elem(&hash_of_maps, &key) != 0;)
LOOPED(lpm_ipv4_lookup,
       struct prefix4 prefix = {32, network(key) ^ index << 28};
       COUNT(lpm_ipv4, &prefix))
LOOPED(lpm_ipv6_lookup, struct prefix6 prefix = network6(key, 128);
       prefix.data[3] = index; COUNT(lpm_ipv6, &prefix))
LOOPED(queue_push_pop, __u64 value = key;
       bpf_map_push_elem(&queue, &value, BPF_ANY);
       bpf_map_pop_elem(&queue, &value);)
LOOPED(stack_push_pop, __u64 value = key;
       bpf_map_push_elem(&stack, &value, BPF_ANY);
       bpf_map_pop_elem(&stack, &value);)
LOOPED(bloom_peek, __u64 value = key; bpf_map_peek_elem(&bloom, &value);)

// As often as a program may: helpers_bench.cc knows how often.
SEC("tc")
int tail_call(void *ctx) {
  bpf_tail_call(ctx, &tails, 0);
  return 0;
}

SEC("tc")
int no_tail_call(void *ctx) { return 0; }

char _license[] SEC("license") = "Dual MIT/GPL";

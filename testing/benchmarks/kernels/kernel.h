/* SPDX-License-Identifier: MIT
 *
 * What every kernel of the benchmarks is written with. A kernel is one C file
 * that is compiled three times: natively, as an eBPF program that a verifier
 * accepts (its memory is global data), and as one that just gets its memory in
 * r1 (with BENCH_RAW), for engines that know no maps.
 *
 * Memory is BENCH_SIZE bytes: [0, 4096) is input, pseudo-random, which kernels
 * leave as it is; [4096, 12288) is theirs; [12288, 13312) is a CRC-32 table. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed int s32;
typedef signed long long s64;

enum { BENCH_SIZE = 16384, BENCH_OUTPUT = 4096, BENCH_TABLE = 12288 };

#define INLINE static inline __attribute__((always_inline))
#define NOINLINE static __attribute__((noinline))

/* Hides a value from the optimizer, so that every compiler keeps the loop as it
 * is written: what is compared is code, not tricks. */
#define OPAQUE(x) __asm__ volatile("" : "+r"(x))

/* Helpers by Linux's numbers; natively, the functions behind them. */
#if defined(__bpf__)
#define HELPER(number, name, ...) \
  static u64 (*const name)(__VA_ARGS__) = (u64(*)(__VA_ARGS__))number;
#else
#define HELPER(number, name, ...) u64 name(__VA_ARGS__);
#endif
HELPER(1, bench_map_lookup, const void *map, const void *key)
HELPER(2, bench_map_update, const void *map, const void *key, const void *value,
       u64 flags)
HELPER(131, bench_ring_reserve, const void *ring, u64 size, u64 flags)
HELPER(132, bench_ring_submit, void *record, u64 flags)
enum { MAP_HASH = 1, MAP_ARRAY = 2, MAP_RING = 27, RING_NO_WAKEUP = 1 };

/* An event as the tracing programs get it, in place of a context that only a
 * kernel could give; the next one for each run. */
struct event {
  u32 pid;
  u32 cpu;
  u64 address;
  u64 start;
  u64 end;
  char name[16];
  u64 arguments[2];
};

INLINE const struct event *next_event(u8 *mem) {
  u32 *turn = (u32 *)(mem + BENCH_OUTPUT);
  const u32 now = *turn;
  *turn = now + 1;
  return (const struct event *)(mem + (now & 63) * 64);
}
_Static_assert(sizeof(struct event) == 64, "events lie in the input");

#if !defined(__bpf__)

/* The map NAME, which the harness makes and sets. */
#define MAP(name, type, key, value, entries) void *bench_map_##name;
#define RING(name, size) void *bench_map_##name;
#define THE_MAP(name) bench_map_##name

/* Called by the harness as bench_NAME. */
#define KERNEL(name) \
  u64 bench_##name(u8 *mem) { return name(mem); }

#else

#define SEC(name) __attribute__((section(name), used))

static const char license_text[] SEC("license") = "GPL";

/* In the section of maps, by BTF, as libbpf has it; a ring has no types. */
#define MAP(name, kind, key_type, value_type, entries) \
  struct {                                             \
    int (*type)[kind];                                 \
    key_type *key;                                     \
    value_type *value;                                 \
    int (*max_entries)[entries];                       \
  } name SEC(".maps");
#define RING(name, size)      \
  struct {                    \
    int (*type)[MAP_RING];    \
    int (*max_entries)[size]; \
  } name SEC(".maps");
#define THE_MAP(name) (&name)

#if defined(BENCH_RAW)

#define KERNEL(name) \
  SEC("socket") u64 bench_##name(u8 *mem) { return name(mem); }

#else

struct bench_data {
  u8 memory[BENCH_SIZE];
  u64 result;
};
struct bench_data bench_data SEC(".bss");

#define KERNEL(name)                              \
  SEC("socket") int bench_##name(void *context) { \
    (void)context;                                \
    u8 *mem = bench_data.memory;                  \
    OPAQUE(mem);                                  \
    bench_data.result = name(mem);                \
    return 0;                                     \
  }

#endif
#endif

/* SPDX-License-Identifier: MIT
 *
 * Tracing: a histogram of durations by powers of two, in an array. */
#include "testing/benchmarks/kernels/kernel.h"

MAP(slots, MAP_ARRAY, u32, u64, 64)

INLINE u32 log2_of(u64 value) {
  u32 log = 0;
  for (u32 step = 32; step > 0; step /= 2) {
    if (value >> step != 0) {
      value >>= step;
      log += step;
    }
  }
  return log;
}

INLINE u64 histogram(u8 *mem) {
  const struct event *event = next_event(mem);
  const u32 slot = log2_of((event->end - event->start) >> 10);
  u64 *seen = (u64 *)bench_map_lookup(THE_MAP(slots), &slot);
  if (seen != 0) {
    __sync_fetch_and_add(seen, 1);
  }
  return slot;
}

KERNEL(histogram)

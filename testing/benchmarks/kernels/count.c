/* SPDX-License-Identifier: MIT
 *
 * Tracing: how many events each process has, in a hash. */
#include "testing/benchmarks/kernels/kernel.h"

MAP(counts, MAP_HASH, u32, u64, 1024)

INLINE u64 count(u8 *mem) {
  const struct event *event = next_event(mem);
  const u32 pid = event->pid & 0xff;
  u64 *seen = (u64 *)bench_map_lookup(THE_MAP(counts), &pid);
  if (seen == 0) {
    const u64 one = 1;
    bench_map_update(THE_MAP(counts), &pid, &one, 0);
    return 1;
  }
  __sync_fetch_and_add(seen, 1);
  return pid;
}

KERNEL(count)

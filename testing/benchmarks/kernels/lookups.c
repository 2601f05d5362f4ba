/* SPDX-License-Identifier: MIT
 *
 * Tracing: a chain of lookups, array to hash to array to array. */
#include "testing/benchmarks/kernels/kernel.h"

struct setting {
  u32 enabled;
  u32 mask;
};

MAP(settings, MAP_ARRAY, u32, struct setting, 4)
MAP(groups, MAP_HASH, u32, u32, 512)
MAP(limits, MAP_ARRAY, u32, u64, 32)
MAP(totals, MAP_ARRAY, u32, u64, 32)

INLINE u64 lookups(u8 *mem) {
  const struct event *event = next_event(mem);
  const u32 first = 0;
  struct setting *setting =
      (struct setting *)bench_map_lookup(THE_MAP(settings), &first);
  if (setting == 0 || setting->enabled == 77) {
    return 1;
  }
  const u32 pid = event->pid & 127;
  u32 *group = (u32 *)bench_map_lookup(THE_MAP(groups), &pid);
  if (group == 0) {
    const u32 new_group = pid & 31;
    bench_map_update(THE_MAP(groups), &pid, &new_group, 0);
    return 2;
  }
  const u32 index = *group;
  u64 *limit = (u64 *)bench_map_lookup(THE_MAP(limits), &index);
  u64 *total = (u64 *)bench_map_lookup(THE_MAP(totals), &index);
  if (limit == 0 || total == 0) {
    return 3;
  }
  *total += event->arguments[0] & 0xfff;
  if (*total > *limit) {
    *limit += 4096;
    return index;
  }
  return *total;
}

KERNEL(lookups)

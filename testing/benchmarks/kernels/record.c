/* SPDX-License-Identifier: MIT
 *
 * Tracing: an event written to a ring buffer. */
#include "testing/benchmarks/kernels/kernel.h"

RING(events, 4194304)

struct entry {
  u64 time;
  u64 address;
  u32 pid;
  u32 cpu;
  char name[16];
  u64 duration;
};

INLINE u64 record(u8 *mem) {
  const struct event *event = next_event(mem);
  struct entry *entry = (struct entry *)bench_ring_reserve(
      THE_MAP(events), sizeof(struct entry), 0);
  if (entry == 0) {
    return 1;
  }
  entry->time = event->start;
  entry->address = event->address;
  entry->pid = event->pid;
  entry->cpu = event->cpu;
  __builtin_memcpy(entry->name, event->name, sizeof(entry->name));
  entry->duration = event->end - event->start;
  bench_ring_submit(entry, RING_NO_WAKEUP);
  return event->pid;
}

KERNEL(record)

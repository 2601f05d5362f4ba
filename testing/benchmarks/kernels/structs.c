/* SPDX-License-Identifier: MIT
 *
 * 64 structures copied field by field, with changes. */
#include "testing/benchmarks/kernels/kernel.h"

struct record {
  u64 id;
  u64 time;
  u32 pid;
  u32 size;
  u16 kind;
  u8 flags;
  u8 level;
  u32 hash;
  u64 next;
  u8 name[16];
};

INLINE u64 structs(u8 *mem) {
  const struct record *from = (const struct record *)mem;
  struct record *to = (struct record *)(mem + BENCH_OUTPUT);
  u64 sum = 0;
  for (u32 i = 0; i < 64; i++) {
    to[i].id = from[i].id + i;
    to[i].time = from[i].time >> 10;
    to[i].pid = from[i].pid & 0x3fffff;
    to[i].size = from[i].size;
    to[i].kind = from[i].kind;
    to[i].flags = from[i].flags | 1;
    to[i].level = from[i].level;
    to[i].hash = (u32)from[i].next ^ from[i].hash;
    to[i].next = from[i].next;
    *(u64 *)to[i].name = *(const u64 *)from[i].name;
    *(u64 *)(to[i].name + 8) = 0;
    sum += to[i].time;
    OPAQUE(sum);
  }
  return sum;
}

KERNEL(structs)

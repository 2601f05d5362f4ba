/* SPDX-License-Identifier: MIT
 *
 * 64 numbers sorted by exchanging neighbours: branches that are hard to
 * predict. */
#include "testing/benchmarks/kernels/kernel.h"

enum { COUNT = 64 };

INLINE u64 sort(u8 *mem) {
  const u32 *from = (const u32 *)mem;
  u32 *out = (u32 *)(mem + BENCH_OUTPUT);
  for (u32 i = 0; i < COUNT; i++) {
    u32 value = from[i];
    OPAQUE(value);
    out[i] = value;
  }
  for (u32 end = COUNT - 1; end > 0; end--) {
    for (u32 i = 0; i < end; i++) {
      const u32 left = out[i];
      const u32 right = out[i + 1];
      if (left > right) {
        out[i] = right;
        out[i + 1] = left;
      }
    }
  }
  return out[0] ^ (u64)out[COUNT / 2] << 16 ^ (u64)out[COUNT - 1] << 32;
}

KERNEL(sort)

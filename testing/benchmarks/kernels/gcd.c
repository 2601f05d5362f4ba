/* SPDX-License-Identifier: MIT
 *
 * Euclid's algorithm on 64 pairs of 32-bit numbers: division. */
#include "testing/benchmarks/kernels/kernel.h"

INLINE u64 gcd(u8 *mem) {
  u64 sum = 0;
  for (u32 i = 0; i < 64; i++) {
    u32 a = *(u32 *)(mem + i * 8) | 1;
    u32 b = *(u32 *)(mem + i * 8 + 4) | 1;
    for (u32 step = 0; step < 48; step++) {
      if (b == 0) {
        break;
      }
      const u32 rest = a % b;
      a = b;
      b = rest;
    }
    sum += a;
  }
  return sum;
}

KERNEL(gcd)

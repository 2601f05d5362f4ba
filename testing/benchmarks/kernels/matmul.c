/* SPDX-License-Identifier: MIT
 *
 * A product of two 12 by 12 matrices: indexed loads, multiply-add. */
#include "testing/benchmarks/kernels/kernel.h"

INLINE u64 matmul(u8 *mem) {
  const u32 *a = (const u32 *)mem;
  const u32 *b = (const u32 *)(mem + 2048);
  u32 *out = (u32 *)(mem + BENCH_OUTPUT);
  u64 sum = 0;
  for (u32 row = 0; row < 12; row++) {
    for (u32 column = 0; column < 12; column++) {
      u32 dot = 0;
      for (u32 k = 0; k < 12; k++) {
        dot += a[row * 12 + k] * b[k * 12 + column];
        OPAQUE(dot);
      }
      out[row * 12 + column] = dot;
      sum += dot;
    }
  }
  return sum;
}

KERNEL(matmul)

/* SPDX-License-Identifier: MIT
 *
 * Xorshift and multiply: shifts by constants, a 64-bit constant. */
#include "testing/benchmarks/kernels/kernel.h"

INLINE u64 alu(u8 *mem) {
  u64 state = *(u64 *)mem | 1;
  u64 sum = 0;
  for (u32 i = 0; i < 1000; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    sum += state * 0x9e3779b97f4a7c15ull;
    OPAQUE(sum);
  }
  return sum;
}

KERNEL(alu)

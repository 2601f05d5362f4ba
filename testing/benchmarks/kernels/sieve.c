/* SPDX-License-Identifier: MIT
 *
 * The primes below 2048 by Eratosthenes: short loops, byte stores. */
#include "testing/benchmarks/kernels/kernel.h"

enum { LIMIT = 2048, ROOT = 46 };

INLINE u64 sieve(u8 *mem) {
  u8 *composite = mem + BENCH_OUTPUT;
  for (u32 i = 0; i < LIMIT / 8; i++) {
    u64 zero = 0;
    OPAQUE(zero);
    ((u64 *)composite)[i] = zero;
  }
  for (u32 p = 2; p < ROOT; p++) {
    if (composite[p] != 0) {
      continue;
    }
    for (u32 q = p * p; q < LIMIT; q += p) {
      composite[q] = 1;
    }
  }
  u64 count = 0;
  for (u32 i = 2; i < LIMIT; i++) {
    count += composite[i] == 0;
    OPAQUE(count);
  }
  return count;
}

KERNEL(sieve)

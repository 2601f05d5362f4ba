/* SPDX-License-Identifier: MIT
 *
 * A chain of 2000 additions, each waiting for the one before. */
#include "testing/benchmarks/kernels/kernel.h"

INLINE u64 fib(u8 *mem) {
  (void)mem;
  u64 last = 0;
  u64 next = 1;
  for (u32 i = 0; i < 2000; i++) {
    const u64 sum = last + next;
    last = next;
    next = sum;
    OPAQUE(next);
  }
  return last;
}

KERNEL(fib)

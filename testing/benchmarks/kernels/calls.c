/* SPDX-License-Identifier: MIT
 *
 * 1000 calls of subprograms, two deep. */
#include "testing/benchmarks/kernels/kernel.h"

NOINLINE u64 inner(u64 x) {
  OPAQUE(x);
  return x * 3 + 1;
}

NOINLINE u64 outer(u64 x, u64 y) {
  OPAQUE(x);
  return inner(x ^ y) + y;
}

INLINE u64 calls(u8 *mem) {
  (void)mem;
  u64 value = 1;
  for (u32 i = 0; i < 500; i++) {
    value = outer(value, i);
    OPAQUE(value);
  }
  return value;
}

KERNEL(calls)

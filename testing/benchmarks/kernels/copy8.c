/* SPDX-License-Identifier: MIT
 *
 * 4096 bytes copied one by one. */
#include "testing/benchmarks/kernels/kernel.h"

INLINE u64 copy8(u8 *mem) {
  u8 *to = mem + BENCH_OUTPUT;
  u32 byte = 0;
  for (u32 i = 0; i < 4096; i++) {
    byte = mem[i];
    OPAQUE(byte);
    to[i] = (u8)byte;
  }
  return byte;
}

KERNEL(copy8)

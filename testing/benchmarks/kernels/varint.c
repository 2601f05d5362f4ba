/* SPDX-License-Identifier: MIT
 *
 * Numbers of variable length decoded from 1024 bytes. */
#include "testing/benchmarks/kernels/kernel.h"

INLINE u64 varint(u8 *mem) {
  u64 sum = 0;
  u64 value = 0;
  u32 shift = 0;
  for (u32 i = 0; i < 1024; i++) {
    const u64 byte = mem[i];
    value |= (byte & 0x7f) << (shift & 63);
    shift += 7;
    if ((byte & 0x80) == 0) {
      sum += value ^ shift;
      value = 0;
      shift = 0;
    }
    OPAQUE(sum);
  }
  return sum;
}

KERNEL(varint)

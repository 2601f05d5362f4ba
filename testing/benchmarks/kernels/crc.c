/* SPDX-License-Identifier: MIT
 *
 * CRC-32 of 2048 bytes by table: a load that waits for a load. */
#include "testing/benchmarks/kernels/kernel.h"

INLINE u64 crc(u8 *mem) {
  const u32 *table = (const u32 *)(mem + BENCH_TABLE);
  u32 value = 0xffffffff;
  for (u32 i = 0; i < 2048; i++) {
    value = table[(value ^ mem[i]) & 0xff] ^ value >> 8;
    OPAQUE(value);
  }
  return ~value;
}

KERNEL(crc)

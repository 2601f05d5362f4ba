/* SPDX-License-Identifier: MIT
 *
 * 512 records sorted into classes by nested conditions. */
#include "testing/benchmarks/kernels/kernel.h"

INLINE u32 class_of(u32 word) {
  const u32 kind = word & 0xff;
  const u32 size = word >> 8 & 0xfff;
  const u32 flags = word >> 20;
  if (kind < 32) {
    return size > 1500 ? 1 : flags & 1 ? 2 : 3;
  }
  if (kind < 100) {
    if (size < 64) {
      return 4;
    }
    return (flags & 0x30) == 0x10 ? 5 : 6;
  }
  if ((s32)word < 0 && size != 77) {
    return kind == 200 ? 7 : 8;
  }
  return flags > 1000 ? 9 : 10;
}

INLINE u64 classify(u8 *mem) {
  const u32 *words = (const u32 *)mem;
  u64 sum = 0;
  for (u32 i = 0; i < 512; i++) {
    u32 class = class_of(words[i]);
    OPAQUE(class);
    sum = sum * 3 + class;
    OPAQUE(sum);
  }
  return sum;
}

KERNEL(classify)

/* SPDX-License-Identifier: MIT
 *
 * The hash FNV-1a of 4096 bytes: a load and a multiplication in a chain. */
#include "testing/benchmarks/kernels/kernel.h"

INLINE u64 fnv(u8 *mem) {
  u64 hash = 0xcbf29ce484222325ull;
  for (u32 i = 0; i < 4096; i++) {
    hash ^= mem[i];
    hash *= 0x100000001b3ull;
    OPAQUE(hash);
  }
  return hash;
}

KERNEL(fnv)

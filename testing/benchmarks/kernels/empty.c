/* SPDX-License-Identifier: MIT
 *
 * What a run costs without a program. */
#include "testing/benchmarks/kernels/kernel.h"

INLINE u64 empty(u8 *mem) {
  (void)mem;
  return 2;
}

KERNEL(empty)

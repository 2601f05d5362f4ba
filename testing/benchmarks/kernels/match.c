/* SPDX-License-Identifier: MIT
 *
 * Tracing: a task's name compared with a list of names. */
#include "testing/benchmarks/kernels/kernel.h"

enum { NAMES = 8, LENGTH = 16 };

INLINE u64 match(u8 *mem) {
  const struct event *event = next_event(mem);
  /* The list begins like other events' names, so that comparing takes time. */
  const struct event *list = (const struct event *)mem;
  for (u32 i = 0; i < NAMES; i++) {
    u32 at = 0;
    for (; at < LENGTH; at++) {
      const char theirs = list[i * 8].name[at];
      if (event->name[at] != theirs) {
        break;
      }
      if (theirs == 0) {
        at = LENGTH;
        break;
      }
    }
    if (at == LENGTH) {
      return i + 1;
    }
  }
  return 0;
}

KERNEL(match)

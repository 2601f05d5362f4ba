// SPDX-License-Identifier: MIT
//
// core/sync/lock_rank_check.h for real: a panic where a lock is taken out of
// order.
#include "core/sync/lock_rank_check.h"

#include <stdio.h>

#include "core/base/assert.h"
#include "testing/host_port/host_thread.h"

namespace ebpf::lock_rank_check {

using host::t_thread;

void Acquire(LockRank rank) {
  const uint32_t held = t_thread.held_lock_count;
  const auto value = static_cast<uint8_t>(rank);
  // Those that are held stand in order: the last one has the highest rank.
  if (held > t_thread.rank_base && t_thread.held_ranks[held - 1] >= value) {
    static char text[96];
    snprintf(text, sizeof(text), "lock of rank %u taken under rank %u", value,
             t_thread.held_ranks[held - 1]);
    Panic(text);
  }
  if (held == host::kMaxHeldLocks) {
    Panic("too many spin locks held");
  }
  t_thread.held_ranks[held] = value;
  t_thread.held_lock_count = held + 1;
}

void Release(LockRank rank) {
  uint32_t i = t_thread.held_lock_count;
  const auto value = static_cast<uint8_t>(rank);
  while (i-- > t_thread.rank_base) {
    if (t_thread.held_ranks[i] == value) {
      for (; i + 1 < t_thread.held_lock_count; ++i) {
        t_thread.held_ranks[i] = t_thread.held_ranks[i + 1];
      }
      t_thread.held_lock_count = t_thread.held_lock_count - 1;
      return;
    }
  }
  Panic("release of a spin lock that this CPU does not hold");
}

}  // namespace ebpf::lock_rank_check

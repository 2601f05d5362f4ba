// SPDX-License-Identifier: MIT
//
// The check of lock ranks that a shipped archive has: none. Weak, so that
// testing/host_port's wins.
#include "core/sync/lock_rank_check.h"

namespace ebpf::lock_rank_check {

__attribute__((weak)) void Acquire(LockRank /*rank*/) {}
__attribute__((weak)) void Release(LockRank /*rank*/) {}

}  // namespace ebpf::lock_rank_check

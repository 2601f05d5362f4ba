// SPDX-License-Identifier: MIT
//
// The check of lock ranks: a link-time choice, nothing in a shipped archive.
#pragma once

#include "core/sync/lock_rank.h"

namespace ebpf::lock_rank_check {

/// Panic when a lock of `rank` may not be taken now on this CPU. The default
/// does nothing (weak); testing/host_port defines them for real. Context: any.
void Acquire(LockRank rank);
void Release(LockRank rank);

}  // namespace ebpf::lock_rank_check

// SPDX-License-Identifier: MIT
//
// What a bpf_spin_lock in a map's value is.
#pragma once

#include "core/sync/spin_lock.h"

namespace ebpf {

/// Programs take it (bpf_spin_lock), and updates with BPF_F_LOCK.
using ValueLock = SpinLock<LockRank::kMapValue>;
static_assert(sizeof(ValueLock) == 4);  // struct bpf_spin_lock

}  // namespace ebpf

// SPDX-License-Identifier: MIT
//
// The order in which spin locks may be taken, with the reason for each place.
#pragma once

#include <stdint.h>

namespace ebpf {

/// A CPU takes locks in rising rank only; two of one rank are never held
/// together. Checked while the lock is taken when the build asks for it
/// (lock_rank_check.h).
enum class LockRank : uint8_t {
  // Tables of ids and descriptors: held while objects are looked up, so before
  // anything inside an object.
  kFdTable = 1,
  kProbeTable = 2,
  kIdTable = 3,
  // Inside a map. A program that holds one calls no helper that takes another.
  kMapBucket = 10,
  kMapFreeList = 11,
  kRingReserve = 12,
  // A bpf_spin_lock in a value: programs take it, and call nothing while they
  // hold it; updates with BPF_F_LOCK take it inside a bucket.
  kMapValue = 13,
  // All timers in values: taken where an element goes, inside its bucket.
  kMapTimer = 14,
  // The trace log is written by helpers, from inside anything above.
  kTraceLog = 20,
  // Below everything: taken to free or account memory.
  kMemory = 30,
};

}  // namespace ebpf

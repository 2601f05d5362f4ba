// SPDX-License-Identifier: MIT
//
// Which element of a full table goes next: a clock.
//
// Elements are the clock's hours, by their numbers in the pool. A hand goes
// round: what was used since it last passed is passed again, what was not is
// evicted, and the new key takes its place just behind the hand, so a fresh key
// has a whole round before it is looked at. This keeps what Linux's two lists
// keep, without lists and their lock: a CPU takes a few hours at a time from
// the common hand for itself, and evicts from these one by one as it needs
// them.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/status.h"
#include "core/maps/element_pool.h"
#include "core/memory/allocator.h"
#include "core/memory/per_cpu.h"

namespace ebpf {

/// Whether a full table makes room, and whose elements go.
enum class Eviction : uint8_t {
  kNone,    // it is full
  kCommon,  // anybody's
  kOwn      // the CPU's: each has its part of the table (BPF_F_NO_COMMON_LRU)
};

/// Where the hands stand. Which elements were used is the table's.
class EvictionHands : public NonCopyable {
 public:
  /// For the elements of `pool`, kCommon or kOwn. kNoMemory. Context: task,
  /// once.
  Status Init(const ElementPool& pool, Eviction eviction, Allocator& allocator);

  /// The next number that `cpu` has to look at; moves its hand on.
  /// Context: any.
  uint32_t Next(uint32_t cpu);

  /// Whether the hand comes to `number` within half a round, so that a key that
  /// is put there now would have less than that. Not before the hand first
  /// moved. Context: any.
  bool ComesSoon(uint32_t cpu, uint32_t number) const;

 private:
  /// Numbers that are a CPU's to look at, or all that it ever has (kOwn).
  struct Part {
    Atomic<uint64_t> hand;  // numbers left << 32 | the next one
    uint32_t begin;
    uint32_t end;
  };
  static constexpr uint32_t kMaxPiece = 16;

  uint64_t TakePiece();

  PerCpu<Part> parts_;
  /// The next number that nobody has taken; bit 32 once it moved.
  Atomic<uint64_t> common_;
  uint32_t count_ = 0;
  uint32_t piece_ = 0;
  bool own_ = false;
};

}  // namespace ebpf

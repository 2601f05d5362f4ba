// SPDX-License-Identifier: MIT
//
// Which element of a full table goes next: a clock.
//
// Elements are the clock's hours, by their numbers in the pool. A hand goes
// round: what was used since it last passed is passed again, what was not is
// evicted, and the new key takes its place just behind the hand, so a fresh key
// has a whole round before it is looked at. What was found used is active: its
// next round without use does not count as long as not too much is active, so a
// stream of keys that are used once does not drive out what is used again and
// again. This keeps what Linux's two lists keep (testing/oracle compares),
// without lists and their lock: a CPU takes a few hours at a time from the
// common hand for itself, and evicts from these one by one as it needs them.
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

/// What is known of an element's use. Hints of anybody, but for the level's
/// being 0 or not, which is counted.
struct ElementUse {
  Atomic<uint8_t> used;   // since the hand last passed
  Atomic<uint8_t> level;  // how active, 0: not

  /// Context: any.
  void Mark() {
    if (used.Load(kRelaxed) == 0) {
      used.Store(1, kRelaxed);
    }
  }
};

/// Where the hands stand, and how much is active.
class EvictionHands : public NonCopyable {
 public:
  /// For the elements of `pool`, kCommon or kOwn. kNoMemory. Context: task,
  /// once.
  Status Init(const ElementPool& pool, Eviction eviction, Allocator& allocator);

  /// The next number that `cpu` has to look at; moves its hand on.
  /// Context: any.
  uint32_t Next(uint32_t cpu);

  /// The hand passes element `number`: whether that may be evicted.
  /// Context: any.
  bool Pass(uint32_t number, ElementUse& use);

  /// A free element gets a key. Comes the hand soon, that counts as a use, for
  /// a fresh key is to have its time. Context: any.
  void Begin(uint32_t cpu, uint32_t number, ElementUse& use);
  /// Element `number` leaves the table. Context: any.
  void End(uint32_t number, ElementUse& use);
  /// It takes the place of another one with the same key. Context: any.
  void Replace(uint32_t number, ElementUse& use, uint32_t old_number,
               ElementUse& old_use);

 private:
  /// Numbers that are a CPU's to look at, or all that it ever has (kOwn).
  struct Part {
    Atomic<uint64_t> hand;  // numbers left << 32 | the next one
    uint32_t begin;
    uint32_t end;
    Atomic<uint32_t> active;  // kOwn
  };
  static constexpr uint32_t kMaxPiece = 16;

  uint64_t TakePiece();
  Part& PartOf(uint32_t number) const;
  bool ComesSoon(uint32_t cpu, uint32_t number) const;
  bool IsMuchActive(uint32_t number) const;
  void SetLevel(uint32_t number, ElementUse& use, uint8_t level);

  PerCpu<Part> parts_;
  const ElementPool* pool_ = nullptr;
  uint32_t count_ = 0;
  uint32_t piece_ = 0;
  bool own_ = false;
  /// The next number that nobody has taken; bit 32 once it moved.
  alignas(kCacheLine) Atomic<uint64_t> common_;
  alignas(kCacheLine) Atomic<uint32_t> active_;  // kCommon
};

}  // namespace ebpf

// SPDX-License-Identifier: MIT
//
// Read sections and the data quiescence: when may memory that readers found be
// freed? core/sync/DESIGN.md argues why this is right.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/noprobe.h"
#include "core/base/types.h"

namespace ebpf {

/// While one lives, nothing that was reachable when it began is freed. Nests,
/// in any context; survives preemption and migration. Costs two increments.
/// Context: any.
class ReadSection : public NonCopyable {
 public:
  ReadSection();
  ~ReadSection();

 private:
  uint32_t phase_;
};

/// A read section that only one CPU opens, and never inside of itself: who
/// would sees that it is open, and is inside of it. So it costs no
/// read-modify-write, and is a guard besides. Zeroed bytes are a closed one.
/// Preemption is off from before is_open to Close, and what interrupts this
/// closes what it opens. Context: any.
class CpuSection {
 public:
  /// A section can be used as a counter of what is inside of each other, which
  /// it then is as long as any of these is: so many at most.
  static constexpr uint32_t kMaxDepth = 7;

  EBPF_NOPROBE_INLINE bool is_open() const { return DepthOf(mark()) != 0; }
  /// Precondition: not open.
  EBPF_NOPROBE_INLINE void Open() {
    Enter(mark());  // (C1)
    // (C2) As (R3) of read_section.cc. Pairs with (W1).
    ThreadFence(kSeqCst);
  }
  EBPF_NOPROBE_INLINE void Close() {
    // (C3) Releases what was read inside: pairs with the acquire in (W5).
    mark_.Store(mark() - 1 + kTurn, kRelease);
  }

  /// What there is now, for the three below.
  EBPF_NOPROBE_INLINE uint64_t mark() const { return mark_.Load(kRelaxed); }
  /// How many were entered and not left.
  EBPF_NOPROBE_INLINE static uint32_t DepthOf(uint64_t mark) {
    return mark & (kTurn - 1);
  }
  /// One more inside of those of `mark`, the present one; opens nothing for who
  /// reads, without (C2).
  EBPF_NOPROBE_INLINE void Enter(uint64_t mark) {
    mark_.Store(mark + 1, kRelaxed);
  }
  /// Undoes the Enter that was told `mark`; as Close if it was the first.
  EBPF_NOPROBE_INLINE void Leave(uint64_t mark) {
    mark_.Store(mark + (DepthOf(mark) == 0 ? kTurn : 0), kRelease);
  }

  /// Returns when it was closed once since the call. Context: task.
  void WaitWhileOpen() const;

 private:
  /// Those below are the depth; the others count what was closed.
  static constexpr uint64_t kTurn = kMaxDepth + 1;

  Atomic<uint64_t> mark_;
};

/// Whose a set of CpuSections is.
enum class CpuSectionOwner : uint8_t { kProbes, kTracepoints, kRuns };

/// Those of `owner` that WaitForReaders waits for from now on: one per CPU,
/// `stride` bytes from one to the next; null: none any more. None is open.
/// Context: task.
void SetCpuSections(CpuSectionOwner owner, const CpuSection* first,
                    size_t stride);

/// Returns when each read section that was open at the call has ended. Callers
/// wait one after the other. Never called inside a read section, in a trap or
/// under a spin lock. Context: task.
void WaitForReaders();

/// Allocates the per-CPU counters, before the first read section; false: no
/// memory. Context: task, once.
[[nodiscard]] bool InitReadSections();
/// Frees them; nobody reads or waits any more. Context: task.
void ExitReadSections();

}  // namespace ebpf

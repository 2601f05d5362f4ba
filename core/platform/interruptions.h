// SPDX-License-Identifier: MIT
//
// ebpf_port_preemption and ebpf_port_saved_pcs for kernels that preempt at the
// end of interrupts and list nobody's pc, but let each interrupt of kernel code
// tell of itself as it begins and as it ends.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/types.h"

namespace ebpf {

/// Where interrupted kernel code will go on. Where its table is full, or the
/// kernel does not tell, nothing is known, and text that somebody could be in
/// is kept.
class Interruptions : public NonCopyable {
 public:
  /// CPUs with higher numbers are as if they did not tell.
  static constexpr uint32_t kMostCpus = 128;
  /// Tasks that are preempted at once, and handlers that are interrupted.
  static constexpr size_t kPlaces = 1024;
  /// What Begin never returns.
  static constexpr size_t kNone = 0;

  constexpr Interruptions() = default;

  /// This CPU's code was interrupted, and goes on at `pc`; `frame` is the
  /// trap's. What End is to be told, on whatever CPU. Never waits. Context:
  /// irq, interrupts masked.
  size_t Begin(const void* frame, uint64_t pc);

  /// Its handler ends; interrupts stay masked until that code goes on. Context:
  /// irq, interrupts masked.
  void End(size_t interruption);

  /// An interrupt of ours found `frame`, of kernel code. If Begin was not told
  /// of it last, the kernel is not believed any more. Takes no probe. Context:
  /// irq, interrupts masked.
  void Check(const void* frame);

  /// Whether all interruptions that go on are known. Context: any.
  bool KnowsAll() const;

  /// Calls `see(argument, pc)` for each. False if those are not all. Context:
  /// while the other CPUs stand still.
  bool List(void (*see)(void* argument, uintptr_t pc), void* argument) const;

 private:
  /// Of one CPU, which alone uses it, with interrupts masked.
  struct Cpu {
    Atomic<const void*> last_told{nullptr};
    /// The place that became free last: where to look first.
    Atomic<size_t> hint{0};
  };

  size_t TakePlace(size_t first, uint64_t pc);

  /// 0: free.
  Atomic<uint64_t> places_[kPlaces] = {};
  /// Interruptions for which there was no place.
  Atomic<uint32_t> without_place_{0};
  Atomic<bool> is_told_{false};
  Atomic<bool> was_silent_{false};
  Cpu cpus_[kMostCpus] = {};
};

}  // namespace ebpf

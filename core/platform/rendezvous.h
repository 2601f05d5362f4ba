// SPDX-License-Identifier: MIT
//
// ebpf_port_stop_machine for kernels that can interrupt their other CPUs and
// have no such call of their own.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/types.h"

namespace ebpf {

/// One CPU runs a function while all others stand in Join.
class Rendezvous : public NonCopyable {
 public:
  /// CPUs with higher numbers make each Stop fail.
  static constexpr uint32_t kMostCpus = 128;

  /// Of the kernel, without locks. Context: any.
  struct Cpus {
    bool (*is_online)(uint32_t cpu);
    /// Has `cpu` interrupted, where Join is called.
    void (*interrupt)(uint32_t cpu);
    /// Has this CPU fetch anew what it executes: arch/<isa>/machine/icache.h.
    void (*sync_insns)();
  };

  constexpr explicit Rendezvous(Cpus cpus) : cpus_(cpus) {}

  /// Runs `function(argument)` as ebpf_port_stop_machine does. -EBUSY (-16) if
  /// a CPU does not come within a second, or others keep it waiting for five.
  /// Context: task, interrupts on.
  int Stop(int (*function)(void* argument), void* argument, int* result);

  /// In the interrupt: stands until the function has returned. Then the caller
  /// does as sync_insns, which it calls by its name. Takes no probe. Context:
  /// irq, interrupts masked.
  void Join();

  /// Whether the caller is inside of `function`. Takes no probe. Context: any.
  bool IsStopped() const;

 private:
  bool IsOther(uint32_t cpu, uint32_t self) const;
  bool Gather(uint64_t open, uint32_t self);
  bool IsPolite(int64_t waited) const;
  bool Take();

  static constexpr uint64_t kOpen = 1;

  const Cpus cpus_;
  /// Two times the number of the rendezvous, plus kOpen while CPUs are to
  /// stand. A CPU that comes late, to one that was given up, cannot be mistaken
  /// for one that stands: it finds no rendezvous, or the next one, and joins
  /// that.
  Atomic<uint64_t> now_{0};
  /// The value of now_ that each CPU last came for.
  Atomic<uint64_t> came_for_[kMostCpus] = {};
  /// One initiator at a time; the others wait with interrupts on.
  Atomic<bool> is_taken_{false};
  Atomic<uint32_t> waiting_{0};
  /// The CPU + 1 that was the last initiator: it lets the others go first,
  /// which had to stand meanwhile and would never be quicker.
  Atomic<uint32_t> last_{0};
  /// Who runs its function now: CPU + 1.
  Atomic<uint32_t> running_{0};
};

}  // namespace ebpf

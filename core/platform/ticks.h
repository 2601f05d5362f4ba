// SPDX-License-Identifier: MIT
//
// Timers and calls of other CPUs for kernels that only have ticks: a port keeps
// one Ticks and has its kernel's timer interrupt lead to Ticks::Tick.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/types.h"
#include "core/platform/timer.h"

namespace ebpf {

/// Deadlines of each CPU, which expire at that CPU's ticks: no sooner, and so
/// no finer, than those come. Each timer expires on the CPU that started it.
class Ticks : public NonCopyable {
 public:
  /// CPUs with higher numbers have no timers.
  static constexpr uint32_t kMostCpus = 128;
  /// What expires, at most, at one tick; the rest does at the next.
  static constexpr int kMostExpired = 16;

  constexpr Ticks() = default;

  /// ebpf_port_timer_start, ebpf_port_timer_stop, ebpf_port_interrupted_regs
  /// (timer.h), on the calling CPU. Context: as there.
  bool Start(ebpf_timer* timer, uint64_t deadline_ns);
  int Stop(ebpf_timer* timer);
  const void* InterruptedRegs(bool* in_user) const;

  /// ebpf_port_call_on_cpu (cpu.h), at a tick of `cpu`, which runs if there is
  /// such a CPU. `interrupt` has it tick soon, where there is such a way.
  /// Context: as there.
  int Call(uint32_t cpu, void (*function)(void* argument), void* argument,
           void (*interrupt)(uint32_t cpu) = nullptr);

  /// When the earliest timer of the calling CPU expires, kNever if none does:
  /// for a port that can have its interrupt come then. Context: any.
  static constexpr uint64_t kNever = ~uint64_t{0};
  uint64_t Next();

  /// The CPU's timer has interrupted `regs` (machine::PtRegs, or null where
  /// they are not known), a process's if `in_user`: runs what it was asked for
  /// and what is due. Context: irq, interrupts masked.
  void Tick(const void* regs, bool in_user);

 private:
  /// What of one CPU is only used there, with interrupts masked.
  struct Interrupted {
    const void* regs = nullptr;
    bool in_user = false;
  };
  /// A call of one CPU, its number + 1; 0: it was taken, or withdrawn.
  struct Request {
    void (*function)(void* argument) = nullptr;
    void* argument = nullptr;
    Atomic<bool> returned{false};
    Atomic<uint32_t> target{0};
  };

  void Lock();
  void Unlock() { is_locked_.Store(false, kRelease); }  // pairs with Lock
  void StartLocked(ebpf_timer* timer, uint64_t deadline_ns, uint32_t cpu);
  int StopLocked(ebpf_timer* timer);
  uint64_t NextLocked(uint32_t cpu);
  ebpf_timer* TakeExpired(uint32_t cpu, uint64_t now);
  void HasRun(ebpf_timer* timer);
  void Insert(ebpf_timer* timer);
  void Remove(ebpf_timer* timer);

  void Answer(uint32_t cpu);
  int CallElsewhere(uint32_t cpu, void (*function)(void* argument),
                    void* argument, void (*interrupt)(uint32_t cpu));

  Atomic<bool> is_locked_{false};
  /// Of each CPU, the earliest of its timers, which the others hang below: a
  /// leftist heap. Under the lock, as is what the timers hold.
  ebpf_timer* earliest_[kMostCpus] = {};
  Interrupted interrupted_[kMostCpus] = {};
  Request request_;
  Atomic<bool> request_in_use_{false};
};

}  // namespace ebpf

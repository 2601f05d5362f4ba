// SPDX-License-Identifier: MIT
//
// Time that passes on a CPU, or on each of them, by the port's timers; more
// slowly where listening takes more of the CPU than it may (SampleLoad).
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/span.h"
#include "core/base/status.h"
#include "core/machine/pt_regs.h"
#include "core/memory/allocator.h"
#include "core/platform/timer.h"

namespace ebpf {

/// Who wants to know that a period has passed.
class TimeListener {
 public:
  /// `regs` are what was interrupted on this CPU, a process's own if `in_user`;
  /// null: nobody knows. False: it wants to know no more. Context: irq,
  /// preemption off, in a read section.
  virtual bool TimePassed(const machine::PtRegs* regs, bool in_user) = 0;
  /// From now on periods on this CPU are longer than they should be, or not any
  /// more. False: tell it again next time. Context: as before.
  virtual bool Throttled(bool is_throttled) = 0;

 protected:
  ~TimeListener() = default;
};

/// Context: task, while somebody keeps SampleMemory.
class SampleTimer : public NonCopyable {
 public:
  /// Linux's shortest period.
  static constexpr uint64_t kShortestPeriod = 10000;  // ns

  explicit SampleTimer(TimeListener& listener) : listener_(listener) {}
  /// Stopped.
  ~SampleTimer();

  /// On `cpu`, or on all if that is negative. kNotSupported: the port has no
  /// timers; kNoMemory.
  Status Init(int32_t cpu, Allocator& allocator);
  bool is_there() const { return !timers_.empty(); }

  /// Tells the listener each `period` ns. kNoSuchDevice: its CPU does not run;
  /// kBusy: one did not come; kNotSupported: the port cannot start timers on
  /// another CPU.
  Status Start(uint64_t period);
  /// It is not told any more when it returns.
  void Stop();

 private:
  struct Timer {
    ebpf_timer timer;  // first
    SampleTimer* owner;
    uint64_t deadline;
    bool was_started;
    bool is_throttled;
  };

  static void Expired(ebpf_timer* timer);
  static void StartHere(void* timer);
  Status StartOn(uint32_t cpu, Timer& timer);
  void StartNext(Timer& timer, uint64_t begin);

  TimeListener& listener_;
  Allocator* allocator_ = nullptr;
  int32_t cpu_ = -1;
  Span<Timer> timers_;
  Atomic<uint64_t> period_{0};
  Atomic<bool> runs_{false};
};

}  // namespace ebpf

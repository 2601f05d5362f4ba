// SPDX-License-Identifier: MIT
//
// Perf events of the kernel itself: the one that programs write samples to
// (PERF_COUNT_SW_BPF_OUTPUT), clocks, which sample as well, and the one that
// counts nothing.
#pragma once

#include <stdint.h>

#include "core/linux_abi/perf_event.h"
#include "core/memory/allocator.h"
#include "core/perf/sample_timer.h"
#include "core/perf/sampled_event.h"
#include "core/program/run_context.h"

namespace ebpf {

/// Context of what is not said otherwise: task.
class SoftwareEvent final : public SampledEvent, public TimeListener {
 public:
  /// An event that is not enabled. `attr.config` says which: kNotFound (no such
  /// event here); kNotSupported (it counts one task's time without sampling, or
  /// the port has no timers to sample by); what SampledEvent::Prepare says;
  /// kNoMemory. `regs_size`: MachineOps::user_regs_size.
  static Result<Ref<SoftwareEvent>> Create(const linux_abi::PerfEventAttr& attr,
                                           EventScope scope, uint32_t regs_size,
                                           Allocator& allocator);

  // PerfEvent. One of type PERF_EVENT, which runs before each sample; where it
  // returns 0 none is taken.
  Status SetProgram(Ref<Program> program, uint64_t cookie) override;
  void ClearProgram() override;
  Ref<Program> program() const override;
  EventDescription Describe() const override;
  uint64_t count() const override;
  void ResetCount() override;

  // ArrayedEvent.
  Status Output(ConstBytes data, const machine::PtRegs* regs) override;

  // TimeListener.
  bool TimePassed(const machine::PtRegs* regs, bool in_user) override;
  bool Throttled(bool is_throttled) override {
    return TellThrottled(is_throttled);
  }

 private:
  friend class Allocator;

  SoftwareEvent(const linux_abi::PerfEventAttr& attr, EventScope scope,
                uint32_t regs_size, Allocator& allocator)
      : SampledEvent(attr, scope, allocator),
        regs_size_(regs_size),
        timer_(*this) {}
  ~SoftwareEvent() = default;
  void Destroy() override;

  bool is_clock() const;

  // SampledEvent.
  Status Start() override;
  void Stop() override;

  bool Wants(const Occurrence& what, SampleMemory& memory) const;

  const uint32_t regs_size_;
  SampleTimer timer_;
  mutable Mutex mutex_;  // of who sets programs
  /// The reference is given back when no run can be under way any more.
  Atomic<Program*> program_{nullptr};
  RunOrigin origin_;
  Atomic<uint64_t> reset_at_{0};  // of its time enabled
};

}  // namespace ebpf

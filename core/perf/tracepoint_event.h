// SPDX-License-Identifier: MIT
//
// A perf event on a trace event (PERF_TYPE_TRACEPOINT): counts its records,
// takes samples of them, and runs a program.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/memory/allocator.h"
#include "core/perf/sampled_event.h"
#include "core/perf/traced_event.h"
#include "core/sync/mutex.h"
#include "core/tracepoints/filter.h"

namespace ebpf {

/// Context of what is not said otherwise: task.
class TracepointEvent final : public SampledEvent, public RecordCounter {
 public:
  /// An event that is not enabled. `attr.config` is the trace event's id:
  /// kInvalid: there is none of it; what SampledEvent::Prepare says; kNoMemory.
  static Result<Ref<TracepointEvent>> Create(
      const linux_abi::PerfEventAttr& attr, EventScope scope,
      Allocator& allocator);

  // PerfEvent. As in Linux, the program runs while it is there, enabled or not.
  Status SetProgram(Ref<Program> program, uint64_t cookie) override;
  void ClearProgram() override;
  Ref<Program> program() const override;
  Result<uint32_t> ListPrograms(Span<uint32_t> ids) const override;
  EventDescription Describe() const override;
  Status SetFilter(StringView text) override;

  // RecordCounter. Context: any.
  bool IsInterested() const override { return is_on() && scope().IsHere(); }
  void Record(ConstBytes record, const machine::PtRegs* regs,
              SampleMemory& memory) override;

 private:
  friend class Allocator;

  TracepointEvent(const linux_abi::PerfEventAttr& attr, EventScope scope,
                  Allocator& allocator)
      : SampledEvent(attr, scope, allocator) {}
  ~TracepointEvent() = default;
  void Destroy() override;

  // SampledEvent.
  Status Start() override { return traced_->AddCounter(*this); }
  void Stop() override { traced_->RemoveCounter(*this); }

  bool Matches(ConstBytes record) const;

  /// Set before the event is handed out.
  TracedEvent* traced_ = nullptr;
  mutable Mutex mutex_;  // of who sets programs and filters
  TracedProgram program_ EBPF_GUARDED_BY(mutex_);
  Atomic<EventFilter*> filter_{nullptr};
};

}  // namespace ebpf

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
#include "core/program/trace_context.h"
#include "core/sync/mutex.h"
#include "core/tracepoints/filter.h"
#include "core/tracepoints/trace_event.h"

namespace ebpf {

/// Context of what is not said otherwise: task.
class TracepointEvent final : public SampledEvent,
                              public ListPlace<TracepointEvent> {
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

  /// Whose records it counts.
  const EventScope& whose() const { return scope(); }
  /// Whether it may want one of those now. Context: any, preemption off, in a
  /// read section; and of the next.
  bool IsInterested() const { return is_on(); }
  /// As SampledEvent's.
  using SampledEvent::TakeEasySample;
  /// One of them was made, in `memory`.
  void Record(ConstBytes record, const EventPlace& place,
              RegisterSource& registers, SampleMemory& memory);

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

  /// Set before the event is handed out.
  TracedEvent* traced_ = nullptr;
  mutable Mutex mutex_;  // of who sets programs and filters
  TracedProgram program_ EBPF_GUARDED_BY(mutex_);
  Atomic<EventFilter*> filter_{nullptr};
};

[[gnu::always_inline]] inline void TracepointEvent::Record(
    ConstBytes record, const EventPlace& place, RegisterSource& registers,
    SampleMemory& memory) {
  // Trace events are the kernel's, but those that are a process's calls.
  if (!is_on() || ((attr().flags & linux_abi::kPerfExcludeKernel) != 0 &&
                   place.process() == nullptr)) {
    return;
  }
  // Pairs with the release in SetFilter.
  const EventFilter* const filter = filter_.Load(kAcquire);
  if (filter != nullptr && !filter->Matches(record)) {
    return;
  }
  Occurrence what;
  what.raw = record;
  if (samples_registers()) {
    what.regs = place.process();
    what.in_user = what.regs != nullptr;
    if (!what.in_user) {
      what.regs = registers.Find();
    }
  }
  Happened(what, memory);
}

}  // namespace ebpf

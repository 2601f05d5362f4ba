// SPDX-License-Identifier: MIT
//
// Perf events of the kernel itself: the one that programs write samples to
// (PERF_COUNT_SW_BPF_OUTPUT), clocks, and the one that counts nothing.
#pragma once

#include <stdint.h>

#include "core/linux_abi/perf_event.h"
#include "core/memory/allocator.h"
#include "core/perf/sampled_event.h"

namespace ebpf {

class SoftwareEvent final : public SampledEvent {
 public:
  /// An event that is not enabled. `attr.config` says which: kNotFound (no such
  /// event here); kNotSupported (it samples by time, or follows one task's
  /// clock); what SampledEvent::Prepare says; kNoMemory.
  static Result<Ref<SoftwareEvent>> Create(const linux_abi::PerfEventAttr& attr,
                                           EventScope scope,
                                           Allocator& allocator);

  // PerfEvent.
  uint64_t count() const override;
  void ResetCount() override;

  // ArrayedEvent.
  Status Output(ConstBytes data, const machine::PtRegs* regs) override;

 private:
  friend class Allocator;

  SoftwareEvent(const linux_abi::PerfEventAttr& attr, EventScope scope,
                Allocator& allocator)
      : SampledEvent(attr, scope, allocator) {}
  ~SoftwareEvent() = default;
  void Destroy() override;

  // SampledEvent.
  Status Start() override { return Status::kOk; }
  void Stop() override {}

  Atomic<uint64_t> reset_at_{0};  // of its time enabled
};

}  // namespace ebpf

// SPDX-License-Identifier: MIT
//
// Perf events of the kernel itself: the one that programs write samples to
// (PERF_COUNT_SW_BPF_OUTPUT), clocks, and the one that counts nothing.
#pragma once

#include <stdint.h>

#include "core/linux_abi/perf_event.h"
#include "core/memory/allocator.h"
#include "core/perf/perf_event.h"
#include "core/perf/perf_ring.h"
#include "core/sync/mutex.h"

namespace ebpf {

class SoftwareEvent final : public PerfEvent {
 public:
  /// An event that is not enabled. `attr.config` says which: kNotFound (no such
  /// event here); kNotSupported (it samples by time, follows one task's clock,
  /// or wants samples with more than this tree can tell); kNoMemory.
  static Result<Ref<SoftwareEvent>> Create(const linux_abi::PerfEventAttr& attr,
                                           EventScope scope,
                                           Allocator& allocator);

  // PerfEvent.
  Status Enable() override;
  void Disable() override;
  uint64_t count() const override;
  void ResetCount() override;
  Result<MapPages> Mmap(uint64_t offset, uint64_t size,
                        uint32_t protection) override;
  uint32_t Poll() override;

  // ArrayedEvent.
  Status Output(ConstBytes data) override;
  Result<CounterReading> ReadCounter() const override;

  /// Where it is mapped, to listen for samples; null before. Context: task.
  PerfRing* ring() const { return ring_.Load(kAcquire); }

 private:
  friend class Allocator;

  SoftwareEvent(const linux_abi::PerfEventAttr& attr, EventScope scope,
                Allocator& allocator)
      : attr_(attr), scope_(scope), allocator_(allocator) {}
  ~SoftwareEvent() = default;
  void Destroy() override;

  bool is_clock() const;
  uint64_t EnabledTime() const;

  const linux_abi::PerfEventAttr attr_;
  const EventScope scope_;
  Allocator& allocator_;
  Mutex mutex_;  // of who enables, disables and maps
  /// Made by the first mmap.
  Atomic<PerfRing*> ring_{nullptr};
  /// Since when it is enabled, by ebpf_port_time_ns, or 0; and how long it was
  /// before that.
  Atomic<uint64_t> enabled_at_{0};
  Atomic<uint64_t> enabled_before_{0};
  Atomic<uint64_t> reset_at_{0};  // EnabledTime() then
};

}  // namespace ebpf

// SPDX-License-Identifier: MIT
//
// core/perf/software_event.h's implementation.
#include "core/perf/software_event.h"

#include "core/base/memory.h"
#include "core/platform/cpu.h"
#include "core/platform/task.h"
#include "core/platform/time.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

using linux_abi::PerfEventAttr;

/// The part of a sample before its data, in the order of perf_event_open(2).
class SampleFront {
 public:
  SampleFront(const PerfEventAttr& attr, uint64_t id, uint32_t raw_size) {
    const uint64_t type = attr.sample_type;
    size_ = sizeof(ring::PerfRecordHeader);
    Put(type, linux_abi::kPerfSampleIdentifier, id);
    if ((type & linux_abi::kPerfSampleTid) != 0) {
      uint32_t pid;
      uint32_t tgid;
      ebpf_port_task_ids(&pid, &tgid);
      Put(type, linux_abi::kPerfSampleTid, uint64_t{pid} << 32 | tgid);
    }
    if ((type & linux_abi::kPerfSampleTime) != 0) {
      Put(type, linux_abi::kPerfSampleTime, ebpf_port_time_ns());
    }
    Put(type, linux_abi::kPerfSampleAddress, 0);  // of no memory access
    Put(type, linux_abi::kPerfSampleId, id);
    Put(type, linux_abi::kPerfSampleStreamId, id);
    Put(type, linux_abi::kPerfSampleCpu, ebpf_port_cpu_id());
    Put(type, linux_abi::kPerfSamplePeriod, 1);
    if ((type & linux_abi::kPerfSampleRaw) != 0) {
      StoreUnaligned(bytes_ + size_, raw_size);
      size_ += sizeof(raw_size);
    }
  }

  /// With the header for `more` bytes that follow.
  ConstBytes Finish(uint64_t more) {
    const ring::PerfRecordHeader header = {ring::kPerfRecordSample,
                                           ring::kPerfMiscKernel,
                                           static_cast<uint16_t>(size_ + more)};
    StoreUnaligned(bytes_, header);
    return ConstBytes(bytes_, size_);
  }

 private:
  void Put(uint64_t type, uint64_t bit, uint64_t value) {
    if ((type & bit) != 0) {
      StoreUnaligned(bytes_ + size_, value);
      size_ += sizeof(value);
    }
  }

  size_t size_;
  uint8_t bytes_[sizeof(ring::PerfRecordHeader) + 8 * 8 + sizeof(uint32_t)];
};

constexpr uint64_t kSampleTypes =
    linux_abi::kPerfSampleTid | linux_abi::kPerfSampleTime |
    linux_abi::kPerfSampleAddress | linux_abi::kPerfSampleId |
    linux_abi::kPerfSampleCpu | linux_abi::kPerfSamplePeriod |
    linux_abi::kPerfSampleStreamId | linux_abi::kPerfSampleRaw |
    linux_abi::kPerfSampleIdentifier;

bool IsClock(uint64_t config) {
  return config == linux_abi::kPerfCpuClock ||
         config == linux_abi::kPerfTaskClock;
}

Status CheckAttr(const PerfEventAttr& attr, EventScope scope) {
  const bool known = IsClock(attr.config) ||
                     attr.config == linux_abi::kPerfDummy ||
                     attr.config == linux_abi::kPerfBpfOutput;
  if (!known) {
    return Status::kNotFound;
  }
  if (IsClock(attr.config) && (attr.sample_period != 0 || scope.pid >= 0)) {
    return Status::kNotSupported;
  }
  return (attr.sample_type & ~kSampleTypes) == 0 ? Status::kOk
                                                 : Status::kNotSupported;
}

}  // namespace

Result<Ref<SoftwareEvent>> SoftwareEvent::Create(const PerfEventAttr& attr,
                                                 EventScope scope,
                                                 Allocator& allocator) {
  EBPF_TRY(CheckAttr(attr, scope));
  SoftwareEvent* event =
      EBPF_TRY(allocator.New<SoftwareEvent>(attr, scope, allocator));
  return Ref<SoftwareEvent>::Adopt(event);
}

void SoftwareEvent::Destroy() {
  WaitForReaders();  // programs that found it in an array
  if (PerfRing* ring = ring_.Load(kRelaxed)) {
    ring->Delete();
  }
  allocator_.Delete(this);
}

Status SoftwareEvent::Enable() {
  const MutexGuard guard(mutex_);
  if (enabled_at_.Load(kRelaxed) == 0) {
    enabled_at_.Store(Max<uint64_t>(ebpf_port_time_ns(), 1), kRelaxed);
  }
  return Status::kOk;
}

void SoftwareEvent::Disable() {
  const MutexGuard guard(mutex_);
  const uint64_t total = EnabledTime();
  enabled_at_.Store(0, kRelaxed);
  enabled_before_.Store(total, kRelaxed);
}

uint64_t SoftwareEvent::EnabledTime() const {
  const uint64_t since = enabled_at_.Load(kRelaxed);
  const uint64_t now = since == 0 ? 0 : ebpf_port_time_ns();
  return enabled_before_.Load(kRelaxed) + (now > since ? now - since : 0);
}

bool SoftwareEvent::is_clock() const { return IsClock(attr_.config); }

uint64_t SoftwareEvent::count() const {
  return is_clock() ? EnabledTime() - reset_at_.Load(kRelaxed) : 0;
}

void SoftwareEvent::ResetCount() { reset_at_.Store(EnabledTime(), kRelaxed); }

Result<CounterReading> SoftwareEvent::ReadCounter() const {
  if (!scope_.IsHere()) {
    return Status::kInvalid;
  }
  const uint64_t enabled = EnabledTime();
  return CounterReading{count(), enabled, enabled};
}

Status SoftwareEvent::Output(ConstBytes data) {
  if (attr_.config != linux_abi::kPerfBpfOutput) {
    return Status::kInvalid;
  }
  if (enabled_at_.Load(kRelaxed) == 0 || !scope_.IsHere()) {
    return Status::kNotSupported;
  }
  // Pairs with the release in Mmap.
  PerfRing* const ring = ring_.Load(kAcquire);
  if (ring == nullptr) {
    return Status::kNoSpace;
  }
  if (data.size() > UINT16_MAX) {
    return Status::kTooBig;
  }
  const bool has_data = (attr_.sample_type & linux_abi::kPerfSampleRaw) != 0;
  // The size word and the data end at a multiple of 8, and the word says so.
  const auto raw_size = static_cast<uint32_t>(
      AlignUp<size_t>(data.size() + sizeof(uint32_t), 8) - sizeof(uint32_t));
  SampleFront front(attr_, id(), raw_size);
  static constexpr uint8_t kPadding[8] = {};
  const ConstBytes pieces[] = {
      front.Finish(has_data ? raw_size : 0), data,
      ConstBytes(kPadding).First(raw_size - data.size())};
  return ring->Write(Span<const ConstBytes>(pieces, has_data ? 3 : 1));
}

Result<MapPages> SoftwareEvent::Mmap(uint64_t offset, uint64_t size,
                                     uint32_t protection) {
  if (offset != 0 || !ring::IsPerfBufferSize(size)) {
    return Status::kInvalid;
  }
  const MutexGuard guard(mutex_);
  PerfRing* ring = ring_.Load(kRelaxed);
  const bool overwrites = (protection & linux_abi::kProtWrite) == 0;
  if (ring == nullptr) {
    PerfRing::Options options;
    options.overwrites = overwrites;
    options.wakeup = attr_.wakeup_events;
    options.by_bytes = (attr_.flags & linux_abi::kPerfWatermark) != 0;
    options.id = id();
    ring = EBPF_TRY(PerfRing::Create(size, options, this, allocator_));
    ring_.Store(ring, kRelease);  // pairs with the acquire in Output
  }
  if (ring->memory().size() != size || ring->overwrites() != overwrites) {
    return Status::kInvalid;
  }
  return MapPages{ring->memory().data(), static_cast<size_t>(size), 0};
}

uint32_t SoftwareEvent::Poll() {
  PerfRing* const mapped = ring();
  if (mapped == nullptr) {
    return linux_abi::kPollHangUp;
  }
  return mapped->TakeWakeup() ? linux_abi::kPollIn | linux_abi::kPollReadNormal
                              : 0;
}

}  // namespace ebpf

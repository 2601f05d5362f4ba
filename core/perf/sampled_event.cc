// SPDX-License-Identifier: MIT
//
// core/perf/sampled_event.h's implementation.
#include "core/perf/sampled_event.h"

#include "core/perf/easy_sample.h"
#include "core/platform/cpu.h"
#include "core/platform/time.h"
#include "core/sync/read_section.h"

namespace ebpf {
namespace {

constexpr uint64_t kTopBit = uint64_t{1} << 63;
constexpr uint64_t kNsPerSecond = 1000000000;

uint64_t FirstPeriod(const linux_abi::PerfEventAttr& attr) {
  const bool is_frequency = (attr.flags & linux_abi::kPerfFrequency) != 0;
  return is_frequency && attr.sample_period != 0 ? 1 : attr.sample_period;
}

}  // namespace

SampledEvent::SampledEvent(const linux_abi::PerfEventAttr& attr,
                           EventScope scope, Allocator& allocator)
    : attr_(attr),
      scope_(scope),
      allocator_(allocator),
      fixed_sample_size_(FixedSampleSize(attr)),
      may_be_easy_((attr.sample_type & ~kEasySampleTypes) == 0 &&
                   (attr.sample_type & linux_abi::kPerfSampleRaw) != 0 &&
                   (attr.flags & (linux_abi::kPerfFrequency |
                                  linux_abi::kPerfExcludeKernel)) == 0),
      period_(FirstPeriod(attr)),
      period_left_(-static_cast<int64_t>(FirstPeriod(attr))),
      frequency_(attr.sample_period) {}

Status SampledEvent::Prepare() {
  if ((attr_.sample_type & ~kPossibleSampleTypes) != 0 ||
      (attr_.flags & linux_abi::kPerfWriteBackward) != 0) {
    return Status::kNotSupported;
  }
  if (attr_.sample_max_stack > linux_abi::kPerfMaxStack &&
      (attr_.sample_type & linux_abi::kPerfSampleCallchain) != 0) {
    return Status::kOverflow;
  }
  EBPF_TRY(SampleMemory::Keep(allocator_));
  has_memory_ = true;
  return Status::kOk;
}

void SampledEvent::End() {
  if (PerfRing* ring = ring_.Load(kRelaxed)) {
    ring->Release();
  }
  if (has_memory_) {
    SampleMemory::LetGo();
  }
}

Status SampledEvent::Enable() {
  const MutexGuard guard(mutex_);
  if (is_on()) {
    return Status::kOk;
  }
  if (is_started_) {  // it went off by itself
    Stop();
    is_started_ = false;
  }
  EBPF_TRY(Start());
  is_started_ = true;
  enabled_time_.Start();
  is_on_.Store(true, kRelaxed);
  UpdateEasy();
  return Status::kOk;
}

void SampledEvent::Disable() {
  const MutexGuard guard(mutex_);
  is_on_.Store(false, kRelaxed);
  UpdateEasy();
  enabled_time_.Stop();
  if (is_started_) {
    Stop();
    is_started_ = false;
  }
}

void SampledEvent::UpdateEasy() {
  const bool is_easy =
      may_be_easy_ && is_on() && is_sampling() && period() == 1;
  // Releases the ring's making: pairs with the acquire in easy_ring.
  easy_ring_.Store(is_easy ? ring_.Load(kRelaxed) : nullptr, kRelease);
}

void SampledEvent::ForbidEasy() {
  const MutexGuard guard(mutex_);
  may_be_easy_ = false;
  UpdateEasy();
}

EventReading SampledEvent::Read() const {
  EventReading reading = PerfEvent::Read();
  reading.lost = lost_.Load(kRelaxed);
  return reading;
}

Result<CounterReading> SampledEvent::ReadCounter() const {
  if (!scope_.IsHere()) {
    return Status::kInvalid;
  }
  const EventReading reading = Read();
  return CounterReading{reading.value, reading.enabled, reading.running};
}

Status SampledEvent::Output(ConstBytes /*data*/,
                            const machine::PtRegs* /*regs*/) {
  return Status::kInvalid;
}

// --- Samples ---------------------------------------------------------------

/// Towards the period with which it would be as often as it shall be, an eighth
/// of the way, as Linux does.
void SampledEvent::AdjustPeriod() {
  const uint64_t now = ebpf_port_time_ns();
  const uint64_t passed = now - sampled_at_.Exchange(now, kRelaxed);
  constexpr uint64_t kTooLong = kNsPerSecond / 50;
  if (passed == 0 || passed >= kTooLong) {
    return;
  }
  const uint64_t period = period_.Load(kRelaxed);
  // At most 2^63 * 10^9 / passed: what does not fit is too long anyway.
  uint64_t wanted;
  if (__builtin_mul_overflow(period, kNsPerSecond / passed, &wanted)) {
    wanted = kTopBit;
  }
  wanted /= frequency_.Load(kRelaxed);
  int64_t change = static_cast<int64_t>(wanted) - static_cast<int64_t>(period);
  change = (change >= 0 ? change + 7 : change - 7) / 8;
  period_.Store(Max<uint64_t>(period + static_cast<uint64_t>(change), 1),
                kRelaxed);
}

bool SampledEvent::CountDown(const Occurrence& what) {
  if (period_left_.FetchAdd(1, kRelaxed) + 1 < 0) {
    return false;
  }
  period_left_.FetchSub(static_cast<int64_t>(what.period), kRelaxed);
  if (has_frequency()) {
    AdjustPeriod();
  }
  return true;
}

/// False: it was the last.
bool SampledEvent::CountSample() {
  if (limit_.FetchSub(1, kRelaxed) != 1) {
    return true;
  }
  is_on_.Store(false, kRelaxed);
  enabled_time_.Stop();
  return false;
}

bool SampledEvent::TellThrottled(bool is_throttled) {
  if (!scope_.IsHere()) {
    return false;
  }
  // Pairs with the release in ReplaceRing.
  PerfRing* const ring = ring_.Load(kAcquire);
  if (ring != nullptr &&
      !WriteThrottled(*ring, attr_, *this, ebpf_port_cpu_id(), is_throttled)) {
    lost_.FetchAdd(1, kRelaxed);
  }
  return true;
}

Status SampledEvent::SetPeriod(uint64_t period) {
  if (!is_sampling() || period == 0 || (period & kTopBit) != 0 ||
      (has_frequency() && period > linux_abi::kPerfMaxSampleRate)) {
    return Status::kInvalid;
  }
  if (has_frequency()) {
    frequency_.Store(period, kRelaxed);
    return Status::kOk;
  }
  const MutexGuard guard(mutex_);
  const bool was_on = is_on();
  easy_ring_.Store(nullptr, kRelaxed);
  if (is_started_) {
    Stop();
    is_started_ = false;
  }
  period_.Store(period, kRelaxed);
  period_left_.Store(-static_cast<int64_t>(period), kRelaxed);
  if (was_on) {
    const Status status = Start();
    is_started_ = IsOk(status);
    if (!is_started_) {
      is_on_.Store(false, kRelaxed);
      enabled_time_.Stop();
    }
    UpdateEasy();
    return status;
  }
  return Status::kOk;
}

Status SampledEvent::Refresh(uint32_t samples) {
  if (!is_sampling() || (attr_.flags & linux_abi::kPerfInherit) != 0) {
    return Status::kInvalid;
  }
  ForbidEasy();
  limit_.FetchAdd(samples, kRelaxed);
  return Enable();
}

// --- The buffer ------------------------------------------------------------

void SampledEvent::ReplaceRing(Ref<PerfRing> ring) {
  // Releases the ring's making: pairs with the acquires of who finds it.
  PerfRing* const old = ring_.Exchange(ring.Leak(), kAcqRel);
  UpdateEasy();
  if (old != nullptr) {
    WaitForReaders();  // who writes to it is in a read section
    old->Release();
  }
}

Result<Ref<PerfRing>> SampledEvent::MakeRing(uint64_t size, uint32_t protection,
                                             LockedMemory* payer) {
  PerfRing::Options options;
  options.overwrites = (protection & linux_abi::kProtWrite) == 0;
  options.wakeup = attr_.wakeup_events;
  options.by_bytes = (attr_.flags & linux_abi::kPerfWatermark) != 0;
  if (payer == nullptr) {
    return PerfRing::Create(size, options, allocator_);
  }
  EBPF_TRY(payer->Lock(
      size, linux_abi::kPerfFreeMemory * uint64_t{ebpf_port_cpu_count()}));
  Result<Ref<PerfRing>> ring = PerfRing::Create(size, options, allocator_);
  if (ring.ok()) {
    (*ring)->SetPayer(Ref<LockedMemory>::Share(*payer));
  } else {
    payer->Unlock(size);
  }
  return ring;
}

Result<MapPages> SampledEvent::Mmap(uint64_t offset, uint64_t size,
                                    uint32_t protection, LockedMemory* payer) {
  if (offset != 0 || !ring::IsPerfBufferSize(size)) {
    return Status::kInvalid;
  }
  // As Linux: each child of the task would write to it, from its own CPU.
  if (scope_.cpu < 0 && (attr_.flags & linux_abi::kPerfInherit) != 0) {
    return Status::kInvalid;
  }
  const MutexGuard guard(mutex_);
  PerfRing* ring = ring_.Load(kRelaxed);
  if (ring == nullptr) {
    Ref<PerfRing> made = EBPF_TRY(MakeRing(size, protection, payer));
    ring = made.get();
    ReplaceRing(Move(made));
  }
  // As Linux: whether it overwrites is what its first mapping said.
  if (ring->memory().size() != size) {
    return Status::kInvalid;
  }
  is_mapped_ = true;
  return MapPages{ring->memory().data(), static_cast<size_t>(size), 0};
}

Ref<PerfRing> SampledEvent::MappedRing() {
  const MutexGuard guard(mutex_);
  return is_mapped_ ? Ref<PerfRing>::Share(*ring_.Load(kRelaxed))
                    : Ref<PerfRing>();
}

uint32_t SampledEvent::Poll() {
  PerfRing* const mapped = ring();
  if (mapped == nullptr) {
    return linux_abi::kPollHangUp;
  }
  return mapped->TakeWakeup() ? linux_abi::kPollIn | linux_abi::kPollReadNormal
                              : 0;
}

Status SampledEvent::SetOutput(SampledEvent* other) {
  Ref<PerfRing> ring;
  if (other != nullptr) {
    if (other == this || other->scope_.cpu != scope_.cpu ||
        (scope_.cpu < 0 && other->scope_.pid != scope_.pid)) {
      return Status::kInvalid;
    }
    const MutexGuard guard(other->mutex_);
    PerfRing* const theirs = other->ring_.Load(kRelaxed);
    if (theirs == nullptr) {
      return Status::kInvalid;
    }
    ring = Ref<PerfRing>::Share(*theirs);
  }
  const MutexGuard guard(mutex_);
  if (is_mapped_) {
    return Status::kInvalid;
  }
  ReplaceRing(Move(ring));
  return Status::kOk;
}

Status SampledEvent::PauseOutput(bool pauses) {
  const MutexGuard guard(mutex_);
  PerfRing* const ring = ring_.Load(kRelaxed);
  if (ring == nullptr) {
    return Status::kInvalid;
  }
  ring->Pause(pauses);
  return Status::kOk;
}

}  // namespace ebpf

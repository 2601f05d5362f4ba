// SPDX-License-Identifier: MIT
//
// A perf event with a buffer for samples.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/linux_abi/perf_event.h"
#include "core/memory/allocator.h"
#include "core/perf/easy_sample.h"
#include "core/perf/perf_event.h"
#include "core/perf/perf_ring.h"
#include "core/perf/sample_memory.h"
#include "core/sync/mutex.h"

namespace ebpf {

/// Context of what is not said otherwise: task.
class SampledEvent : public PerfEvent {
 public:
  // PerfEvent.
  Status Enable() final;
  void Disable() final;
  uint64_t count() const override { return count_.Load(kRelaxed); }
  void ResetCount() override { count_.Store(0, kRelaxed); }
  EventReading Read() const override;
  Result<MapPages> Mmap(uint64_t offset, uint64_t size, uint32_t protection,
                        LockedMemory* payer) override;
  uint32_t Poll() override;
  SampledEvent* AsSampled() override { return this; }

  /// Its samples go to the buffer of `other` from now on; null: to none. What
  /// Linux refuses is kInvalid: another CPU's or task's, itself, one that is
  /// not mapped, and when this one was mapped.
  Status SetOutput(SampledEvent* other);
  /// kInvalid: it has no buffer.
  Status PauseOutput(bool pauses);
  /// kInvalid: it does not sample, or not so.
  Status SetPeriod(uint64_t period);
  /// Enables it for so many samples more. kInvalid: it does not sample.
  Status Refresh(uint32_t samples);

  // ArrayedEvent.
  Status Output(ConstBytes data, const machine::PtRegs* regs) override;
  Result<CounterReading> ReadCounter() const override;

  /// Where it is mapped, to listen for samples; null before. It stays while the
  /// event does and SetOutput is not called.
  PerfRing* ring() const { return ring_.Load(kAcquire); }
  /// The same where the event itself was mapped, from when on it stays; or
  /// null.
  Ref<PerfRing> MappedRing();
  const linux_abi::PerfEventAttr& attr() const { return attr_; }

  /// The same, while each record of a trace event becomes a sample that
  /// TakeEasySample takes; or null. Context: any, in a read section.
  PerfRing* easy_ring() const {
    return easy_ring_.Load(kAcquire);  // pairs with the release in UpdateEasy
  }

 protected:
  /// A call of Keep must succeed before it is handed out.
  SampledEvent(const linux_abi::PerfEventAttr& attr, EventScope scope,
               Allocator& allocator);
  ~SampledEvent() = default;
  /// kNotSupported: its samples are to hold more than this tree can tell;
  /// kNoMemory.
  Status Prepare();

  /// Lets what it counts happen to it, or keeps it from that. Stop: and nothing
  /// of it is under way any more. One after the other.
  virtual Status Start() = 0;
  virtual void Stop() = 0;

  /// Whether it counts now. Context: any.
  bool is_on() const { return is_on_.Load(kRelaxed); }
  const EventScope& scope() const { return scope_; }
  Allocator& allocator() const { return allocator_; }
  bool is_sampling() const { return attr_.sample_period != 0; }
  bool has_frequency() const {
    return (attr_.flags & linux_abi::kPerfFrequency) != 0;
  }
  uint64_t period() const { return period_.Load(kRelaxed); }

  /// Whether its samples tell of registers.
  bool samples_registers() const {
    return (attr_.sample_type &
            (linux_abi::kPerfSampleIp | linux_abi::kPerfSampleCallchain)) != 0;
  }

  /// It happened once more, here, where it counts; takes a sample if it is time
  /// for one. Context: any, preemption off, in a read section.
  void Happened(Occurrence& what, SampleMemory& memory);
  /// Takes a sample. False: that was the last. Context: as Happened's.
  bool TakeSample(const Occurrence& what, SampleMemory& memory);

  /// Writes to the buffer that it is throttled, or is not any more. False: not
  /// now, since another task runs. Context: as Happened's.
  bool TellThrottled(bool is_throttled);

  /// Takes a sample of a record, of `size` bytes that begin at a multiple of 8,
  /// and counts it, where that is easy; `ring`: easy_ring(). False: nothing was
  /// done. Context: as Happened's, on `cpu`.
  bool TakeEasySample(PerfRing& ring, const uint64_t* record, size_t size,
                      uint32_t cpu);

  /// Writes a sample to the buffer: kNoSpace, where there is none or no room in
  /// it, kTooBig. Context: as Happened's, on `cpu`; without memory it has no
  /// call chain.
  Status Emit(const Occurrence& what, uint32_t cpu, SampleMemory* memory);

  /// Not each record becomes a sample, from now on.
  void ForbidEasy();

  /// For Destroy: it is stopped, what found it has gone, and it has nothing.
  void End();

  Atomic<uint64_t> count_{0};

 private:
  bool IsTime(Occurrence& what);
  bool CountDown(const Occurrence& what);
  void AdjustPeriod();
  bool CountSample();
  void UpdateEasy() EBPF_REQUIRES(mutex_);
  Result<Ref<PerfRing>> MakeRing(uint64_t size, uint32_t protection,
                                 LockedMemory* payer);
  void ReplaceRing(Ref<PerfRing> ring) EBPF_REQUIRES(mutex_);

  const linux_abi::PerfEventAttr attr_;
  const EventScope scope_;
  Allocator& allocator_;
  const uint32_t fixed_sample_size_;
  bool has_memory_ = false;

  Mutex mutex_;  // of who enables, disables, maps and redirects
  bool is_started_ EBPF_GUARDED_BY(mutex_) = false;
  bool is_mapped_ EBPF_GUARDED_BY(mutex_) = false;
  bool may_be_easy_ EBPF_GUARDED_BY(mutex_);
  Atomic<bool> is_on_{false};
  /// Made by the first mmap, or another event's. A reference.
  Atomic<PerfRing*> ring_{nullptr};
  Atomic<uint64_t> lost_{0};
  /// As above, or null.
  Atomic<PerfRing*> easy_ring_{nullptr};

  Atomic<uint64_t> period_;
  /// Occurrences up to the next sample, as a negative number.
  Atomic<int64_t> period_left_;
  Atomic<uint64_t> frequency_;  // per second, where it has one
  Atomic<uint64_t> sampled_at_{0};
  /// Of samples; 0: no limit. Of Refresh.
  Atomic<uint32_t> limit_{0};
};

// On the way of each record: no calls but where something is written.

inline Status SampledEvent::Emit(const Occurrence& what, uint32_t cpu,
                                 SampleMemory* memory) {
  // Pairs with the release in ReplaceRing.
  PerfRing* const ring = ring_.Load(kAcquire);
  if (ring == nullptr) {
    return Status::kNoSpace;
  }
  const Status status =
      WriteSample(*ring, attr_, fixed_sample_size_, *this, what, cpu, memory);
  if (__builtin_expect(status == Status::kNoSpace, 0)) {
    lost_.FetchAdd(1, kRelaxed);
  }
  return status;
}

inline bool SampledEvent::TakeSample(const Occurrence& what,
                                     SampleMemory& memory) {
  (void)Emit(what, memory.cpu, &memory);
  return __builtin_expect(limit_.Load(kRelaxed) == 0, 1) || CountSample();
}

/// Whether this occurrence is sampled; as which part of the period, `what` is
/// told.
inline bool SampledEvent::IsTime(Occurrence& what) {
  what.period = period_.Load(kRelaxed);
  if (!has_frequency()) {
    if ((attr_.sample_type & linux_abi::kPerfSamplePeriod) != 0) {
      // As Linux: its period is in the sample, so nothing is left out.
      what.period = 1;
    }
    if (what.period == 1) {
      return true;
    }
  }
  return CountDown(what);
}

[[gnu::always_inline]] inline bool SampledEvent::TakeEasySample(
    PerfRing& ring, const uint64_t* record, size_t size, uint32_t cpu) {
  const uint64_t whole = fixed_sample_size_ + RawRoom(size);
  uint64_t* const room = ring.BeginEasy(whole);
  if (__builtin_expect(room == nullptr, 0)) {
    return false;
  }
  count_.FetchAdd(1, kRelaxed);
  WordWriter to(room);
  to.Put(SampleHeader(whole, false));
  const uint64_t type = attr_.sample_type;
  if (__builtin_expect(type != linux_abi::kPerfSampleRaw, 0)) {
    PutFront(to, type,
             {.id = id(), .place = 0, .address = 0, .period = 1, .cpu = cpu});
  }
  PutRaw<true>(to, reinterpret_cast<const uint8_t*>(record), size);
  ring.EndEasy();
  return true;
}

inline void SampledEvent::Happened(Occurrence& what, SampleMemory& memory) {
  count_.FetchAdd(1, kRelaxed);
  if (is_sampling() && IsTime(what)) {
    (void)TakeSample(what, memory);
  }
}

}  // namespace ebpf

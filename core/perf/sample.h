// SPDX-License-Identifier: MIT
//
// PERF_RECORD_SAMPLE: what an event tells of one occurrence, as
// perf_event_open(2) lays it out.
#pragma once

#include <stdint.h>

#include "core/base/span.h"
#include "core/base/status.h"
#include "core/linux_abi/perf_event.h"
#include "core/machine/pt_regs.h"
#include "core/perf/perf_ring.h"
#include "core/perf/sample_memory.h"

namespace ebpf {

/// What can be read of an event.
struct EventReading {
  uint64_t value = 0;
  uint64_t enabled = 0;  // ns
  uint64_t running = 0;
  uint64_t id = 0;
  uint64_t lost = 0;
};

/// What read(2) of an event gives that was opened with this read_format and is
/// in no group.
class ReadingBytes {
 public:
  ReadingBytes(uint64_t format, const EventReading& reading);
  ConstBytes bytes() const { return ConstBytes(bytes_, size_); }
  static size_t SizeFor(uint64_t format);

 private:
  void Put(uint64_t format, uint64_t bit, uint64_t word);

  size_t size_ = 0;
  uint8_t bytes_[6 * sizeof(uint64_t)];
};

/// What has happened.
struct Occurrence {
  /// Of the context in which it did; null: nobody knows them.
  const machine::PtRegs* regs = nullptr;
  bool in_user = false;  // they are a process's
  uint64_t period = 1;
  uint64_t address = 0;
  ConstBytes raw;
};

/// The sample types that a sample can be made with.
inline constexpr uint64_t kPossibleSampleTypes =
    linux_abi::kPerfSampleIp | linux_abi::kPerfSampleTid |
    linux_abi::kPerfSampleTime | linux_abi::kPerfSampleAddress |
    linux_abi::kPerfSampleRead | linux_abi::kPerfSampleCallchain |
    linux_abi::kPerfSampleId | linux_abi::kPerfSampleCpu |
    linux_abi::kPerfSamplePeriod | linux_abi::kPerfSampleStreamId |
    linux_abi::kPerfSampleRaw | linux_abi::kPerfSampleIdentifier;

/// Where a context is: its program counter, through probes; 0 if unknown.
/// Context: any.
uint64_t PlaceOf(const Occurrence& what);

/// Writes the call chain that `attr` asks for: a count, and so many words
/// behind it. Context: any, preemption off.
Span<const uint64_t> WalkCalls(const linux_abi::PerfEventAttr& attr,
                               const Occurrence& what, Span<uint64_t> words);

/// What every sample with this attribute takes: all but the call chain and the
/// raw data, whose size word is counted with those.
uint32_t FixedSampleSize(const linux_abi::PerfEventAttr& attr);

class PerfEvent;

/// Appends a sample of `event` to `ring`. kNoSpace: it is lost, and counted by
/// the ring; kTooBig. `fixed_size`: FixedSampleSize of `attr`. `memory`: for
/// the call chain, if `attr` asks for one. Context: any, preemption off, on
/// `cpu`, the ring's.
Status WriteSample(PerfRing& ring, const linux_abi::PerfEventAttr& attr,
                   uint32_t fixed_size, const PerfEvent& event,
                   const Occurrence& what, uint32_t cpu, SampleMemory* memory);

/// Appends that `event` is throttled, or is not any more. Context: as
/// WriteSample's, and false if it is lost.
bool WriteThrottled(PerfRing& ring, const linux_abi::PerfEventAttr& attr,
                    const PerfEvent& event, uint32_t cpu, bool is_throttled);

}  // namespace ebpf

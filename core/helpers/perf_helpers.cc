// SPDX-License-Identifier: MIT
//
// Helpers on arrays of perf events.
#include "core/base/memory.h"
#include "core/helpers/functions.h"
#include "core/helpers/interrupted_registers.h"
#include "core/helpers/result.h"
#include "core/linux_abi/bpf.h"
#include "core/maps/perf_event_array_map.h"
#include "core/platform/cpu.h"

namespace ebpf::helpers {
namespace {

/// The event that `flags` name: kInvalid, kTooBig, kNotFound.
Result<ArrayedEvent*> EventOf(uint64_t map, uint64_t flags) {
  if ((flags & ~linux_abi::kIndexMask) != 0) {
    return Status::kInvalid;
  }
  const PerfEventArrayMap& events =
      PerfEventArrayMap::From(*reinterpret_cast<Map*>(map));
  const uint64_t index =
      flags == linux_abi::kCurrentCpu ? ebpf_port_cpu_id() : flags;
  if (index >= events.spec().max_entries) {
    return Status::kTooBig;
  }
  ArrayedEvent* const event = events.At(index);
  if (event == nullptr) {
    return Status::kNotFound;
  }
  return event;
}

Result<CounterReading> Read(uint64_t map, uint64_t flags) {
  const ArrayedEvent* event = EBPF_TRY(EventOf(map, flags));
  return event->ReadCounter();
}

}  // namespace

/// long bpf_perf_event_output(ctx, map, flags, data, size)
uint64_t PerfEventOutput(uint64_t context, uint64_t map, uint64_t flags,
                         uint64_t data, uint64_t size) {
  const Result<ArrayedEvent*> event = EventOf(map, flags);
  if (!event.ok()) {
    return AsResult(event.status());
  }
  return AsResult(
      (*event)->Output(ConstBytes(reinterpret_cast<const uint8_t*>(data),
                                  static_cast<size_t>(size)),
                       FindRegisters(*CurrentRun(), context).regs));
}

/// u64 bpf_perf_event_read(map, flags): the count, or -errno.
uint64_t PerfEventRead(uint64_t map, uint64_t flags, uint64_t, uint64_t,
                       uint64_t) {
  const Result<CounterReading> reading = Read(map, flags);
  return reading.ok() ? reading->counter : AsResult(reading.status());
}

/// long bpf_perf_event_read_value(map, flags, value, size): zeros on failure.
uint64_t PerfEventReadValue(uint64_t map, uint64_t flags, uint64_t value,
                            uint64_t size, uint64_t) {
  auto* const to = reinterpret_cast<uint8_t*>(value);
  const Result<CounterReading> reading =
      size == sizeof(CounterReading) ? Read(map, flags)
                                     : Result<CounterReading>(Status::kInvalid);
  if (!reading.ok()) {
    FillBytes(to, 0, static_cast<size_t>(size));
    return AsResult(reading.status());
  }
  StoreUnaligned(to, *reading);
  return 0;
}

/// long bpf_perf_prog_read_value(ctx, value, size): of the event whose sample
/// it is; zeros on failure.
uint64_t PerfProgReadValue(uint64_t context, uint64_t value, uint64_t size,
                           uint64_t, uint64_t) {
  auto* const to = reinterpret_cast<uint8_t*>(value);
  const Result<CounterReading> reading =
      size == sizeof(CounterReading)
          ? PerfContext::Of(context).event->ReadCounter()
          : Result<CounterReading>(Status::kInvalid);
  if (!reading.ok()) {
    FillBytes(to, 0, static_cast<size_t>(size));
    return AsResult(reading.status());
  }
  StoreUnaligned(to, *reading);
  return 0;
}

/// long bpf_read_branch_records(ctx, buf, size, flags): no sample has any.
uint64_t ReadBranchRecords(uint64_t, uint64_t, uint64_t, uint64_t flags,
                           uint64_t) {
  constexpr uint64_t kOnlySize = 1;  // BPF_F_GET_BRANCH_RECORDS_SIZE
  return AsResult((flags & ~kOnlySize) != 0 ? Status::kInvalid
                                            : Status::kNotFound);
}

/// long bpf_get_branch_snapshot(entries, size, flags): nobody here has the CPU
/// write down its branches.
uint64_t GetBranchSnapshot(uint64_t, uint64_t, uint64_t flags, uint64_t,
                           uint64_t) {
  return AsResult(flags != 0 ? Status::kInvalid : Status::kNotFound);
}

}  // namespace ebpf::helpers

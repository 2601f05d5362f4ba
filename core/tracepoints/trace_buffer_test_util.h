// SPDX-License-Identifier: MIT
//
// Buffers and cursors of tests, and records that are numbers.
#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "core/platform/cpu.h"
#include "core/sync/read_section.h"
#include "core/tracepoints/trace_buffer.h"

namespace ebpf {

struct DestroyOwned {
  template <typename T>
  void operator()(T* object) const {
    object->Destroy();
  }
};
using OwnedBuffer = std::unique_ptr<TraceBuffer, DestroyOwned>;
using OwnedCursor = std::unique_ptr<TraceCursor, DestroyOwned>;

/// Writes a record on this CPU; whether it was kept.
inline bool PutNumber(TraceBuffer& buffer, uint32_t number) {
  const uintptr_t preemption = ebpf_port_preempt_disable();
  bool kept = false;
  {
    const ReadSection reading;
    const uint32_t cpu = ebpf_port_cpu_id();
    if (void* record = buffer.Reserve(16, cpu)) {
      memset(record, 0, 16);
      memcpy(record, &number, sizeof(number));
      buffer.Commit(record);
      kept = true;
    }
  }
  ebpf_port_preempt_enable(preemption);
  return kept;
}

inline uint32_t NumberIn(const TraceEntry& entry) {
  uint32_t number;
  memcpy(&number, entry.record->payload(), sizeof(number));
  return number;
}

/// At most `count` of what there is, in one turn.
inline std::vector<uint32_t> TakeNumbers(TraceCursor& cursor,
                                         size_t count = SIZE_MAX,
                                         uint64_t* lost = nullptr) {
  std::vector<uint32_t> numbers;
  uint64_t all_lost = 0;
  TraceCursor::Turn turn(cursor);
  TraceEntry entry;
  while (numbers.size() < count && turn.Peek(&entry)) {
    numbers.push_back(NumberIn(entry));
    all_lost += entry.lost;
    turn.Take();
  }
  if (lost != nullptr) {
    *lost = all_lost;
  }
  return numbers;
}

}  // namespace ebpf

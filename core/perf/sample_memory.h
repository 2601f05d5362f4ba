// SPDX-License-Identifier: MIT
//
// Where records and samples are made: more than a kernel's stack may have.
#pragma once

#include <stdint.h>

#include "core/base/atomic.h"
#include "core/base/static_storage.h"
#include "core/base/status.h"
#include "core/memory/allocator.h"
#include "core/memory/per_cpu.h"
#include "core/perf/sample_load.h"

namespace ebpf {

/// Each CPU has kLevels of these, one for each context that interrupts another.
struct SampleMemory {
  static constexpr uint32_t kLevels = 4;
  /// Linux's PERF_MAX_TRACE_SIZE: as far as any program of type TRACEPOINT can
  /// look, whatever the record.
  static constexpr size_t kRecordSize = 8192;
  /// A count, two words that say whose addresses follow, and these.
  static constexpr size_t kFrameWords = 3 + 127;
  static constexpr size_t kContextWords = 48;
  /// More than any CPU's pt_regs.
  static constexpr size_t kRegisterWords = 40;

  alignas(8) uint8_t record[kRecordSize];
  uint64_t frames[kFrameWords];
  /// Of a program of type PERF_EVENT.
  uint64_t context[kContextWords];
  /// Of a place that was not interrupted.
  uint64_t registers[kRegisterWords];
  uint32_t cpu;    // whose it is
  uint32_t level;  // which of that CPU's

  /// The next one of `cpu`, which is this one, or null: there is none left, and
  /// what happened goes unseen. Preemption is off up to Leave. Context: any,
  /// while somebody keeps the memory.
  static SampleMemory* Enter(uint32_t cpu);
  void Leave();

  /// Keeps the memory there; kNoMemory. Context: task.
  static Status Keep(Allocator& allocator);
  /// Once for each Keep; nobody has entered since the caller's events are gone.
  /// Context: task.
  static void LetGo();
};

/// Those of one CPU.
struct CpuSampleMemory {
  /// What interrupts its user leaves it as it was, so that needs no locked
  /// instruction.
  Atomic<uint32_t> depth;
  SampleLoad load;
  SampleMemory levels[SampleMemory::kLevels];
};

/// Allocated while somebody keeps it.
extern constinit StaticStorage<PerCpu<CpuSampleMemory>> sample_memory;

inline SampleMemory* SampleMemory::Enter(uint32_t cpu) {
  CpuSampleMemory& mine = sample_memory->Of(cpu);
  const uint32_t depth = mine.depth.Load(kRelaxed);
  if (__builtin_expect(depth == kLevels, 0)) {
    return nullptr;
  }
  mine.depth.Store(depth + 1, kRelaxed);
  TrapFence();
  return &mine.levels[depth];
}

inline void SampleMemory::Leave() {
  TrapFence();
  sample_memory->Of(cpu).depth.Store(level, kRelaxed);
}

}  // namespace ebpf

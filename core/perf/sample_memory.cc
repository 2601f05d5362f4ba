// SPDX-License-Identifier: MIT
//
// core/perf/sample_memory.h's implementation.
#include "core/perf/sample_memory.h"

#include "core/base/static_storage.h"
#include "core/memory/per_cpu.h"
#include "core/sync/mutex.h"

namespace ebpf {
namespace {

struct CpuMemory {
  /// What interrupts its user leaves it as it was, so that needs no locked
  /// instruction.
  Atomic<uint32_t> depth;
  SampleMemory levels[SampleMemory::kLevels];
};

constinit Mutex mutex;
constinit uint32_t keepers EBPF_GUARDED_BY(mutex) = 0;
/// Allocated while there are keepers.
constinit StaticStorage<PerCpu<CpuMemory>> memory;

}  // namespace

SampleMemory* SampleMemory::Enter() {
  CpuMemory& mine = memory->Mine();
  const uint32_t depth = mine.depth.Load(kRelaxed);
  if (depth == kLevels) {
    return nullptr;
  }
  mine.depth.Store(depth + 1, kRelaxed);
  return &mine.levels[depth];
}

void SampleMemory::Leave() {
  CpuMemory& mine = memory->Mine();
  mine.depth.Store(mine.depth.Load(kRelaxed) - 1, kRelaxed);
}

Status SampleMemory::Keep(Allocator& allocator) {
  const MutexGuard guard(mutex);
  if (keepers == 0) {
    PerCpu<CpuMemory>& fresh = memory.Construct();
    EBPF_TRY(fresh.Allocate(allocator));
  }
  ++keepers;
  return Status::kOk;
}

void SampleMemory::LetGo() {
  const MutexGuard guard(mutex);
  if (--keepers == 0) {
    memory.Destroy();
  }
}

}  // namespace ebpf

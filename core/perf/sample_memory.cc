// SPDX-License-Identifier: MIT
//
// core/perf/sample_memory.h's implementation.
#include "core/perf/sample_memory.h"

#include "core/sync/mutex.h"

namespace ebpf {
namespace {

constinit Mutex mutex;
constinit uint32_t keepers EBPF_GUARDED_BY(mutex) = 0;

}  // namespace

constinit StaticStorage<PerCpu<CpuSampleMemory>> sample_memory;

Status SampleMemory::Keep(Allocator& allocator) {
  const MutexGuard guard(mutex);
  if (keepers == 0) {
    PerCpu<CpuSampleMemory>& fresh = sample_memory.Construct();
    EBPF_TRY(fresh.Allocate(allocator));
    for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
      for (uint32_t level = 0; level < kLevels; ++level) {
        fresh.Of(cpu).levels[level].cpu = cpu;
        fresh.Of(cpu).levels[level].level = level;
      }
    }
  }
  ++keepers;
  return Status::kOk;
}

void SampleMemory::LetGo() {
  const MutexGuard guard(mutex);
  if (--keepers == 0) {
    sample_memory.Destroy();
  }
}

}  // namespace ebpf

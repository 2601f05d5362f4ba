// SPDX-License-Identifier: MIT
//
// core/tracepoints/trace_buffer.h's implementation: the rings.
#include "core/tracepoints/trace_buffer.h"

#include "core/base/memory.h"
#include "core/platform/cpu.h"
#include "core/platform/time.h"
#include "core/sync/read_section.h"

namespace ebpf {

Result<TraceBuffer*> TraceBuffer::Create(size_t pages, Allocator& allocator) {
  TraceBuffer* buffer = EBPF_TRY(allocator.New<TraceBuffer>(allocator));
  Status status = buffer->cpus_.Allocate(allocator);
  for (uint32_t cpu = 0; IsOk(status) && cpu < ebpf_port_cpu_count(); ++cpu) {
    const Result<TraceRing*> ring = TraceRing::Create(pages, allocator);
    status = ring.status();
    if (ring.ok()) {
      const MutexGuard guard(buffer->mutex_);
      buffer->cpus_.Of(cpu).ring = *ring;
      buffer->Open(cpu);
    }
  }
  if (!IsOk(status)) {
    buffer->Destroy();
    return status;
  }
  return buffer;
}

void TraceBuffer::Destroy() {
  Allocator& allocator = allocator_;
  for (uint32_t cpu = 0; cpus_.allocated() && cpu < ebpf_port_cpu_count();
       ++cpu) {
    if (TraceRing* ring = cpus_.Of(cpu).ring; ring != nullptr) {
      ring->Destroy();
    }
  }
  cpus_.Free();
  allocator.Delete(this);
}

void* TraceBuffer::Reserve(size_t size, uint32_t cpu) {
  TraceRing* ring = OpenRing(cpu);
  if (ring == nullptr) {
    Refuse(cpu);
    return nullptr;
  }
  TraceRecord* record =
      ring->Reserve(static_cast<uint32_t>(size), ebpf_port_time_ns());
  return record == nullptr ? nullptr : record->payload();
}

void TraceBuffer::Commit(void* payload) {
  TraceRing::Commit(RecordOf(payload));
  notifier_.NotifyInSection();
}

void TraceBuffer::Discard(void* payload) {
  TraceRing::Discard(RecordOf(payload));
}

[[gnu::noinline, gnu::cold]] void TraceBuffer::Refuse(uint32_t cpu) {
  if (is_recording()) {
    cpus_.Of(cpu).refused.FetchAdd(1, kRelaxed);
  }
}

uint32_t TraceBuffer::LastOf(uint32_t cpu) const {
  return cpu == kAllCpus ? ebpf_port_cpu_count() - 1 : cpu;
}

/// Releases what the ring is: pairs with Reserve's acquire.
void TraceBuffer::Open(uint32_t cpu) {
  Cpu& one = cpus_.Of(cpu);
  one.open.Store(is_recording() ? one.ring : nullptr, kRelease);
}

/// Who has not yet seen this is in a read section.
void TraceBuffer::Close(uint32_t cpu) {
  cpus_.Of(cpu).open.Store(nullptr, kRelaxed);
}

void TraceBuffer::SetRecording(bool records) {
  const MutexGuard guard(mutex_);
  is_recording_.Store(records, kRelaxed);
  for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
    Open(cpu);
  }
}

void TraceBuffer::SetOverwrites(bool overwrites) {
  const MutexGuard guard(mutex_);
  overwrites_.Store(overwrites, kRelaxed);
  for (uint32_t cpu = 0; cpu < ebpf_port_cpu_count(); ++cpu) {
    cpus_.Of(cpu).ring->SetOverwrites(overwrites);
  }
}

void TraceBuffer::TakeRefused(Cpu& cpu) {
  const uint64_t refused = cpu.refused.Exchange(0, kRelaxed);
  cpu.dropped_before += refused;
  cpu.untold += refused;
}

/// Moves what is in the CPU's ring to `ring`, which takes its place. The ring
/// is closed, so this writes it on any CPU.
void TraceBuffer::Replace(Cpu& cpu, TraceRing* ring) {
  TraceRing& old = *cpu.ring;
  ring->SetOverwrites(overwrites());
  {
    TraceReader reader(old, true);
    uint64_t lost;
    while (const TraceRecord* from = reader.Next(&lost)) {
      cpu.untold += lost;
      if (TraceRecord* to = ring->Reserve(from->payload_size, from->time)) {
        CopyBytes(to->payload(), from->payload(), from->payload_size);
        ring->Commit(to);
      }
    }
  }
  cpu.overrun_before += old.lost() - old.refused();
  cpu.dropped_before += old.refused();
  // Those behind the last record, of which no reader was told.
  cpu.untold += old.Untold();
  cpu.gone = 0;
  cpu.ring = ring;
  ++cpu.generation;
  old.Destroy();
}

Status TraceBuffer::Resize(uint32_t cpu, size_t pages) {
  const uint32_t first = FirstOf(cpu);
  const uint32_t count = LastOf(cpu) - first + 1;
  const Span<TraceRing*> rings =
      EBPF_TRY(allocator_.NewArray<TraceRing*>(count));
  Status status = Status::kOk;
  for (uint32_t i = 0; IsOk(status) && i < count; ++i) {
    const Result<TraceRing*> ring = TraceRing::Create(pages, allocator_);
    status = ring.status();
    rings[i] = ring.ok() ? *ring : nullptr;
  }
  if (IsOk(status)) {
    const MutexGuard guard(mutex_);
    for (uint32_t i = 0; i < count; ++i) {
      Close(first + i);
    }
    WaitForReaders();
    for (uint32_t i = 0; i < count; ++i) {
      Replace(cpus_.Of(first + i), rings[i]);
      Open(first + i);
      TakeRefused(cpus_.Of(first + i));
    }
  } else {
    for (TraceRing* ring : rings) {
      if (ring != nullptr) {
        ring->Destroy();
      }
    }
  }
  allocator_.DeleteArray(rings);
  return status;
}

size_t TraceBuffer::PagesOf(uint32_t cpu) {
  const MutexGuard guard(mutex_);
  return cpus_.Of(cpu).ring->page_count();
}

void TraceBuffer::Clear(uint32_t cpu) {
  const MutexGuard guard(mutex_);
  for (uint32_t i = FirstOf(cpu); i <= LastOf(cpu); ++i) {
    Close(i);
  }
  WaitForReaders();
  for (uint32_t i = FirstOf(cpu); i <= LastOf(cpu); ++i) {
    Cpu& one = cpus_.Of(i);
    one.ring->Clear();
    one.refused.Store(0, kRelaxed);
    one.untold = one.overrun_before = one.dropped_before = 0;
    one.read = one.gone = 0;
    ++one.generation;
    Open(i);
  }
}

TraceStats TraceBuffer::Stats(uint32_t cpu) {
  const MutexGuard guard(mutex_);
  Cpu& one = cpus_.Of(cpu);
  TakeRefused(one);
  TraceRing& ring = *one.ring;
  TraceStats stats = {};
  // In this order: what happens meanwhile makes few of them negative.
  const uint64_t lost = ring.lost();
  const uint64_t refused = Min(ring.refused(), lost);
  const uint64_t written = ring.written();
  stats.entries = written - Min(written, lost + one.gone);
  stats.overrun = one.overrun_before + lost - refused;
  stats.dropped = one.dropped_before + refused;
  stats.read = one.read;
  stats.bytes = stats.entries == 0 ? 0 : ring.UsedBytes();
  TraceReader reader(ring, false);
  uint64_t untold;
  const TraceRecord* oldest = reader.Peek(&untold);
  stats.oldest_time = oldest == nullptr ? 0 : oldest->time;
  return stats;
}

bool TraceBuffer::IsReadable(uint32_t cpu) {
  const MutexGuard guard(mutex_);
  for (uint32_t i = FirstOf(cpu); i <= LastOf(cpu); ++i) {
    TraceReader reader(*cpus_.Of(i).ring, false);
    uint64_t lost;
    if (reader.Peek(&lost) != nullptr) {
      return true;
    }
  }
  return false;
}

}  // namespace ebpf

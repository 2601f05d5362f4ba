// SPDX-License-Identifier: MIT
//
// Read sections: counters of entries and exits, per CPU and phase.
// DESIGN.md beside it has the argument; read_section_model_test.cc enumerates
// what CPUs may do with these steps. Both name them by the letters below.
#include "core/sync/read_section.h"

#include "core/base/atomic.h"
#include "core/base/static_storage.h"
#include "core/memory/per_cpu.h"
#include "core/sync/mutex.h"

namespace ebpf {
namespace {

/// Readers that began and ended on one CPU, by phase. A reader that migrates
/// counts its end elsewhere: only sums over all CPUs mean something. 64 bits do
/// not wrap around.
struct Counters {
  Atomic<uint64_t> entered[2];
  Atomic<uint64_t> left[2];
};

constinit StaticStorage<PerCpu<Counters>> counters;
/// Which of the two phases new readers count in, in its lowest bit.
constinit Atomic<uint32_t> phase{0};
/// One waiter at a time.
constinit Mutex waiting;
/// What SetCpuSections was told, by owner.
struct CpuSections {
  const uint8_t* first = nullptr;
  size_t stride = 0;
};
constinit CpuSections cpu_sections[3] EBPF_GUARDED_BY(waiting);

// Interrupts, traps and, before preemption is off, other tasks of this CPU
// count here too, between any two instructions: hence read-modify-write.
Counters& MyCounters() { return counters->Mine(); }

/// Whether no reader is in `phase_index` that WaitForReaders must wait for.
bool IsQuiet(uint32_t phase_index) {
  const uint32_t cpu_count = ebpf_port_cpu_count();
  uint64_t left = 0;
  for (uint32_t cpu = 0; cpu < cpu_count; ++cpu) {
    // (W2) Acquires: pairs with (R4). Each exit that is seen here brings its
    // entry with it into the sum below; the other order would miss readers.
    left += counters->Of(cpu).left[phase_index].Load(kAcquire);
  }
  uint64_t entered = 0;
  for (uint32_t cpu = 0; cpu < cpu_count; ++cpu) {
    // (W3)
    entered += counters->Of(cpu).entered[phase_index].Load(kRelaxed);
  }
  return left == entered;
}

void WaitForCpuSections() EBPF_REQUIRES(waiting) {
  const uint32_t cpu_count = ebpf_port_cpu_count();
  for (const CpuSections& sections : cpu_sections) {
    for (uint32_t cpu = 0; sections.first != nullptr && cpu < cpu_count;
         ++cpu) {
      reinterpret_cast<const CpuSection*>(sections.first +
                                          sections.stride * cpu)
          ->WaitWhileOpen();
    }
  }
}

}  // namespace

void CpuSection::WaitWhileOpen() const {
  // (W5) Acquires: pairs with (C3). What is opened later comes too late.
  const uint64_t first = mark_.Load(kAcquire);
  for (uint64_t now = first; DepthOf(now) != 0 && now / kTurn == first / kTurn;
       now = mark_.Load(kAcquire)) {
    ebpf_port_relax();
  }
}

void SetCpuSections(CpuSectionOwner owner, const CpuSection* first,
                    size_t stride) {
  MutexGuard guard(waiting);
  cpu_sections[static_cast<size_t>(owner)] = {
      reinterpret_cast<const uint8_t*>(first), stride};
}

ReadSection::ReadSection()
    // (R1) Relaxed: a stale phase is counted all the same, see DESIGN.md.
    : phase_(phase.Load(kRelaxed) & 1) {
  MyCounters().entered[phase_].FetchAdd(1, kRelaxed);  // (R2)
  // (R3) What is read inside is read after the entry can be seen. Pairs with
  // (W1).
  ThreadFence(kSeqCst);
}

ReadSection::~ReadSection() {
  // (R4) Releases what was read inside: pairs with the acquire in (W2).
  MyCounters().left[phase_].FetchAdd(1, kRelease);
}

void WaitForReaders() {
  if (!counters->allocated()) {
    return;  // there were never any
  }
  MutexGuard guard(waiting);
  // (W1) The sums come after what the caller unlinked before. Pairs with (R3).
  ThreadFence(kSeqCst);
  WaitForCpuSections();
  for (int flips = 0; flips < 2; ++flips) {
    // (W4) New readers go to the other phase, so that this wait ends; both
    // phases are waited for, since a reader may have loaded its phase long ago.
    const uint32_t old = phase.FetchAdd(1, kRelaxed) & 1;
    while (!IsQuiet(old)) {
      ebpf_port_relax();
    }
  }
}

bool InitReadSections() {
  return IsOk(counters.Construct().Allocate(PortAllocator()));
}

void ExitReadSections() { counters.Destroy(); }

}  // namespace ebpf

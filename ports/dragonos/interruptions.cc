// SPDX-License-Identifier: MIT
//
// ebpf_port_saved_pcs on DragonOS, which preempts kernel code at the end of an
// interrupt and lists nobody's pc: it tells of each interruption of kernel
// code, as it begins and as it ends.
//
// One word for each that goes on, in a table without a lock: what interrupts
// ask for must never wait. A task that is switched away inside of one keeps its
// word, and may end it on another CPU. Where the table is full, or the kernel
// does not tell, nothing is known, and text that somebody could be in is kept.
#include "ports/dragonos/interruptions.h"

#include "core/base/atomic.h"
#include "core/base/noprobe.h"
#include "core/platform/text.h"
#include "machine/interrupts.h"
#include "ports/dragonos/frame.h"
#include "ports/dragonos/kernel.h"

EBPF_NOPROBE_RANGE(ebpf_dragonos_interruptions_noprobe)

namespace {

using namespace ebpf::dragonos;
using ebpf::Atomic;
using ebpf::kRelaxed;

constexpr int kMinusNotSupported = -95;
/// Tasks that are preempted at once, and handlers that are interrupted.
constexpr size_t kPlaces = 1024;
/// DragonOS's PerCpu::MAX_CPU_NUM.
constexpr uint32_t kMaxCpus = 128;

/// Where an interruption goes on; 0: free.
constinit Atomic<uint64_t> places[kPlaces] = {};
/// Interruptions for which there was no place.
constinit Atomic<uint32_t> without_place{0};
constinit Atomic<bool> is_told{false};
constinit Atomic<bool> was_silent{false};

/// Of one CPU, which alone uses it, with interrupts masked.
struct Cpu {
  Atomic<const dragonos_trap_frame*> last_told{nullptr};
  /// The place that became free last: where to look first.
  Atomic<size_t> hint{0};
};
constinit Cpu cpus[kMaxCpus] = {};

/// What is said of an interruption: a place's number + 1, or one of these.
constexpr size_t kOfUserSpace = 0;
constexpr size_t kWithoutPlace = SIZE_MAX;

size_t TakePlace(size_t first, uint64_t pc) {
  for (size_t i = 0; i < kPlaces; ++i) {
    const size_t place = (first + i) % kPlaces;
    uint64_t free = 0;
    if (places[place].Load(kRelaxed) == 0 &&
        places[place].CompareExchange(free, pc, kRelaxed)) {
      return place + 1;
    }
  }
  without_place.FetchAdd(1, kRelaxed);
  return kWithoutPlace;
}

bool TellsAll() {
  return is_told.Load(kRelaxed) && !was_silent.Load(kRelaxed) &&
         without_place.Load(kRelaxed) == 0;
}

}  // namespace

namespace ebpf::dragonos {

EBPF_NOPROBE void CheckInterruptionOf(const dragonos_trap_frame* frame) {
  const uint32_t cpu = dragonos_cpu_id();
  if (IsOfKernel(*frame) &&
      (cpu >= kMaxCpus || cpus[cpu].last_told.Load(kRelaxed) != frame)) {
    was_silent.Store(true, kRelaxed);
  }
}

}  // namespace ebpf::dragonos

extern "C" {

size_t ebpf_dragonos_interrupted(const dragonos_trap_frame* frame) {
  const uint32_t number = dragonos_cpu_id();
  if (!IsOfKernel(*frame) || number >= kMaxCpus) {
    return kOfUserSpace;
  }
  Cpu& cpu = cpus[number];
  cpu.last_told.Store(frame, kRelaxed);
  is_told.Store(true, kRelaxed);
  return TakePlace(cpu.hint.Load(kRelaxed), frame->rip);
}

void ebpf_dragonos_resume(size_t interruption) {
  if (interruption == kOfUserSpace) {
    return;
  }
  // Until iretq, which unmasks them: who is told to be nowhere any more must
  // be there before the next rendezvous.
  (void)ebpf::machine::MaskInterrupts();
  Cpu& cpu = cpus[dragonos_cpu_id()];
  // The next one may have its frame at the same address.
  cpu.last_told.Store(nullptr, kRelaxed);
  if (interruption == kWithoutPlace) {
    without_place.FetchSub(1, kRelaxed);
    return;
  }
  const size_t place = interruption - 1;
  places[place].Store(0, kRelaxed);
  cpu.hint.Store(place, kRelaxed);
}

ebpf_preemption ebpf_port_preemption() {
  return TellsAll() ? EBPF_PREEMPTION_LISTED : EBPF_PREEMPTION_UNKNOWN;
}

// Words of other CPUs are visible: they came to this rendezvous later.
int ebpf_port_saved_pcs(void (*see)(void* argument, uintptr_t pc),
                        void* argument) {
  if (!TellsAll()) {
    return kMinusNotSupported;
  }
  for (const Atomic<uint64_t>& place : places) {
    const uint64_t pc = place.Load(kRelaxed);
    if (pc != 0) {
      see(argument, pc);
    }
  }
  return 0;
}

}  // extern "C"

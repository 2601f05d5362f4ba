// SPDX-License-Identifier: MIT
//
// Several CPUs on Hermit, whose feature `smp` starts them: each has its own
// trap vector, timer and tasks, which never go on on another CPU.
#include "ports/hermit/cpus.h"

#include "core/base/atomic.h"
#include "core/base/noprobe.h"
#include "core/platform/cpu.h"
#include "core/platform/rendezvous.h"
#include "machine/interrupts.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"
#include "ports/hermit/timer.h"

/// arch/<cpu>/machine/icache.h has it, whichever CPU it is.
extern "C" void ebpf_sync_insn_stream(void);

namespace ebpf::hermit {
namespace {

static_assert(kMostCpus <= Rendezvous::kMostCpus);

enum class Released : uint32_t { kNotYet, kAsBefore, kToTakePart };

/// Other CPUs that have come to EnterOther, and how many left it.
constinit Atomic<uint32_t> gathered{0};
constinit Atomic<uint32_t> entered{0};
constinit Atomic<Released> released{Released::kNotYet};
constinit Rendezvous rendezvous({[](uint32_t cpu) { return cpu < cpu_count; },
                                 &ebpf_hermit_interrupt_cpu,
                                 &ebpf_sync_insn_stream});
/// Of each CPU that stands, where it was interrupted; 0 elsewhere.
constinit Atomic<uintptr_t> interrupted_pcs[kMostCpus] = {};

void Enter() {
  EnterCpu();
  ebpf_hermit_enter_cpu(&EbpfHermitAskedInIdle);
}

/// With interrupts masked: this CPU meets no vector that is being replaced.
void EnterOther(uintptr_t /*unused*/) {
  const uintptr_t interrupts = ebpf_port_irq_save();
  if (PrepareCpu()) {
    gathered.FetchAdd(1, kRelease);  // pairs with GatherCpus
  }
  // Pairs with ReleaseCpus.
  while (released.Load(kAcquire) == Released::kNotYet) {
    machine::Relax();
  }
  if (released.Load(kRelaxed) == Released::kToTakePart) {
    Enter();
  }
  entered.FetchAdd(1, kRelease);  // pairs with ReleaseCpus
  ebpf_port_irq_restore(interrupts);
}

bool StartOn(uint32_t cpu) {
  constexpr uint8_t kPriority = 3;  // before what else starts
  constexpr size_t kStackSize = 64 << 10;
  const uintptr_t interrupts = ebpf_port_irq_save();
  const int32_t task = sys_spawn2(&EnterOther, 0, kPriority, kStackSize, cpu);
  ebpf_port_irq_restore(interrupts);
  return task >= 0;
}

}  // namespace

constinit uint32_t cpu_count = 1;

bool GatherCpus() {
  const uint32_t self = ebpf_port_cpu_id();
  for (uint32_t cpu = 0; cpu < cpu_count; ++cpu) {
    if (cpu != self && !StartOn(cpu)) {
      return false;
    }
  }
  constexpr int kTurns = 200;
  constexpr uint64_t kTurnMicroseconds = 10'000;
  // Pairs with the release in EnterOther.
  for (int i = 0; i < kTurns && gathered.Load(kAcquire) + 1 < cpu_count; ++i) {
    sys_usleep(kTurnMicroseconds);
  }
  return gathered.Load(kAcquire) + 1 == cpu_count;
}

void ReleaseCpus(bool installed) {
  const bool several = installed && cpu_count != 1;
  // Pairs with EnterOther.
  released.Store(several ? Released::kToTakePart : Released::kAsBefore,
                 kRelease);
  if (several) {
    const uintptr_t interrupts = ebpf_port_irq_save();
    Enter();
    ebpf_port_irq_restore(interrupts);
    while (entered.Load(kAcquire) + 1 < cpu_count) {
      machine::Relax();
    }
  }
}

int StopOtherCpus(int (*function)(void* argument), void* argument,
                  int* result) {
  return rendezvous.Stop(function, argument, result);
}

void ListInterrupted(void (*see)(void* argument, uintptr_t pc),
                     void* argument) {
  for (uint32_t cpu = 0; cpu < cpu_count; ++cpu) {
    const uintptr_t pc = interrupted_pcs[cpu].Load(kRelaxed);
    if (pc != 0) {
      see(argument, pc);
    }
  }
}

EBPF_NOPROBE void StandStill(uintptr_t pc) {
  // Released by Join's store to who waits for this CPU.
  interrupted_pcs[ebpf_port_cpu_id()].Store(pc, kRelaxed);
  rendezvous.Join();
  ebpf_sync_insn_stream();
  interrupted_pcs[ebpf_port_cpu_id()].Store(0, kRelaxed);
}

void EbpfHermitAskedInIdle() {
  StandStill(0);
  Tick(nullptr);
}

}  // namespace ebpf::hermit

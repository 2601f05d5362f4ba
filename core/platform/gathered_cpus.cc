// SPDX-License-Identifier: MIT
//
// core/platform/gathered_cpus.h's implementation.
#include "core/platform/gathered_cpus.h"

#include "core/base/atomic.h"
#include "core/base/noprobe.h"
#include "core/platform/cpu.h"
#include "core/platform/rendezvous.h"
#include "core/platform/text.h"
#include "machine/interrupts.h"

/// arch/<cpu>/machine/icache.h has it, whichever CPU it is.
extern "C" void ebpf_sync_insn_stream(void);

namespace ebpf {
namespace {

enum class Released : uint32_t { kNotYet, kAsBefore, kToTakePart };

/// Other CPUs that have come to EnterOther, and how many left it.
constinit Atomic<uint32_t> gathered{0};
constinit Atomic<uint32_t> entered{0};
constinit Atomic<Released> released{Released::kNotYet};
constinit Rendezvous rendezvous(
    {[](uint32_t cpu) { return cpu < gathered_cpu_count; },
     [](uint32_t cpu) { gathered_cpus.interrupt(cpu); },
     &ebpf_sync_insn_stream});
/// Of each CPU that stands, where it was interrupted; 0 elsewhere.
constinit Atomic<uintptr_t> interrupted_pcs[Rendezvous::kMostCpus] = {};

/// With interrupts masked: this CPU meets no vector that is being replaced.
void EnterOther(uintptr_t /*unused*/) {
  const uintptr_t interrupts = ebpf_port_irq_save();
  if (gathered_cpus.prepare()) {
    gathered.FetchAdd(1, kRelease);  // pairs with GatherCpus
  }
  // Pairs with ReleaseCpus.
  while (released.Load(kAcquire) == Released::kNotYet) {
    machine::Relax();
  }
  if (released.Load(kRelaxed) == Released::kToTakePart) {
    gathered_cpus.enter();
  }
  entered.FetchAdd(1, kRelease);  // pairs with ReleaseCpus
  ebpf_port_irq_restore(interrupts);
}

}  // namespace

constinit uint32_t gathered_cpu_count = 1;

bool GatherCpus(uint32_t count) {
  gathered_cpu_count = count;
  const uint32_t self = ebpf_port_cpu_id();
  for (uint32_t cpu = 0; cpu < count; ++cpu) {
    if (cpu != self && !gathered_cpus.start_on(cpu, &EnterOther)) {
      return false;
    }
  }
  constexpr int kTurns = 200;
  // Pairs with the release in EnterOther.
  for (int i = 0; i < kTurns && gathered.Load(kAcquire) + 1 < count; ++i) {
    gathered_cpus.wait();
  }
  return gathered.Load(kAcquire) + 1 == count;
}

void ReleaseCpus(bool all) {
  const bool several = all && gathered_cpu_count != 1;
  // Pairs with EnterOther.
  released.Store(several ? Released::kToTakePart : Released::kAsBefore,
                 kRelease);
  if (several) {
    const uintptr_t interrupts = ebpf_port_irq_save();
    gathered_cpus.enter();
    ebpf_port_irq_restore(interrupts);
    while (entered.Load(kAcquire) + 1 < gathered_cpu_count) {
      machine::Relax();
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

void ListStopped(void (*see)(void* argument, uintptr_t pc), void* argument) {
  for (uint32_t cpu = 0; cpu < gathered_cpu_count; ++cpu) {
    const uintptr_t pc = interrupted_pcs[cpu].Load(kRelaxed);
    if (pc != 0) {
      see(argument, pc);
    }
  }
}

}  // namespace ebpf

extern "C" {

uint32_t ebpf_port_cpu_count(void) { return ebpf::gathered_cpu_count; }

// Where there is no other CPU to stop, masked interrupts keep other tasks away.
int ebpf_port_stop_machine(int (*function)(void* argument), void* argument,
                           int* result) {
  if (ebpf::gathered_cpu_count != 1) {
    return ebpf::rendezvous.Stop(function, argument, result);
  }
  const uintptr_t interrupts = ebpf_port_irq_save();
  *result = function(argument);
  ebpf_port_irq_restore(interrupts);
  return 0;
}

}  // extern "C"

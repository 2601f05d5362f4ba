// SPDX-License-Identifier: MIT
//
// A round has a number. Each CPU that takes the IPI says in its own slot that
// it is there for that round and waits until the round is over; then it
// synchronises its instruction stream. The caller runs the function only when
// all are there; where one does not come in time it calls the round off, and
// nothing happened.
#include "testing/guest/personalities/plain/rendezvous.h"

#include "core/base/atomic.h"
#include "core/base/noprobe.h"
#include "testing/guest/kernel/kernel.h"
#include "testing/guest/kernel/machine.h"
#include "testing/guest/kernel/spin_lock.h"
#include "testing/guest/kernel/thread.h"
#include "testing/guest/personalities/plain/cpu.h"

namespace guest::plain {
namespace {

constexpr int kMinusBusy = -16;  // -EBUSY
constexpr uint64_t kPatienceNs = 1'000'000'000;

/// The round that goes on; 0: none.
constinit ebpf::Atomic<uint64_t> round{0};
/// The last round that each CPU came to.
constinit ebpf::Atomic<uint64_t> arrived[kMaxCpus] = {};

constinit ebpf::Atomic<bool> in_use{false};
constinit uint64_t last_round = 0;  // by whoever has `in_use`

bool AllArrived(uint32_t self, uint64_t number) {
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    // Pairs with the release in JoinRendezvous(): that CPU stands still.
    if (cpu != self && arrived[cpu].Load(ebpf::kAcquire) != number) {
      return false;
    }
  }
  return true;
}

bool Gather(uint32_t self, uint64_t number) {
  round.Store(number, ebpf::kSeqCst);
  for (uint32_t cpu = 0; cpu < OnlineCpus(); ++cpu) {
    if (cpu != self) {
      machine::SendIpi(cpu);
    }
  }
  const uint64_t until = machine::Nanoseconds() + kPatienceNs;
  while (!AllArrived(self, number)) {
    if (machine::Nanoseconds() > until) {
      return false;
    }
    machine::Relax();
  }
  return true;
}

/// One caller at a time; the others let it work, with interrupts on.
void TakeTurn() {
  while (in_use.Exchange(true, ebpf::kAcquire)) {
    if (!Yield()) {
      machine::Relax();
    }
  }
}

}  // namespace

int StopMachine(int (*function)(void* argument), void* argument, int* result) {
  if (!machine::IrqsEnabled()) {
    Panic("stop_machine needs interrupts on");
  }
  TakeTurn();
  const uintptr_t irqs = machine::IrqSave();
  const uint64_t number = ++last_round;
  const bool all = Gather(machine::CpuId(), number);
  if (all) {
    *result = function(argument);
    SyncInsnStream();
  }
  // Pairs with the acquire in JoinRendezvous(): what was written is seen.
  round.Store(0, ebpf::kRelease);
  machine::IrqRestore(irqs);
  in_use.Store(false, ebpf::kRelease);
  return all ? 0 : kMinusBusy;
}

// What a CPU runs while it is held takes no probes: its text would change
// under it.
EBPF_NOPROBE void JoinRendezvous(uint32_t cpu) {
  const uint64_t number = round.Load(ebpf::kSeqCst);
  if (number == 0) {
    return;  // called off before this CPU came
  }
  // Pairs with the acquire in AllArrived().
  arrived[cpu].Store(number, ebpf::kRelease);
  // Pairs with the release in StopMachine().
  while (round.Load(ebpf::kAcquire) == number) {
    Pause();
  }
  SyncInsnStream();
}

}  // namespace guest::plain

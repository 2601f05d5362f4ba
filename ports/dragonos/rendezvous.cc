// SPDX-License-Identifier: MIT
//
// ebpf_port_stop_machine on DragonOS, which has no such call of its own.
//
// The initiator sends every other CPU our interrupt and waits, for a bounded
// time, until each has come; they spin with interrupts masked until the word
// below changes. The word holds the number of the rendezvous, so a CPU that
// comes late, to one that was given up, cannot be mistaken for one that stands:
// it finds no rendezvous, or the next one, and joins that.
#include "ports/dragonos/rendezvous.h"

#include "arch/x86_64/machine/icache.h"
#include "core/base/atomic.h"
#include "core/base/noprobe.h"
#include "core/platform/text.h"
#include "core/platform/time.h"
#include "machine/interrupts.h"
#include "ports/dragonos/interruptions.h"
#include "ports/dragonos/kernel.h"

EBPF_NOPROBE_RANGE(ebpf_dragonos_rendezvous_noprobe)

namespace {

using namespace ebpf::dragonos;
using ebpf::Atomic;
using ebpf::kAcquire;
using ebpf::kRelaxed;
using ebpf::kRelease;

constexpr int kMinusBusy = -16;
// Nanoseconds for a CPU to come: a virtual one may not run for some time, a
// real one comes in microseconds. And for other initiators, who are as patient.
constexpr uint64_t kPatience = 1'000'000'000;
constexpr uint64_t kPatienceForOthers = 5 * kPatience;
// DragonOS's PerCpu::MAX_CPU_NUM.
constexpr uint32_t kMaxCpus = 128;

constexpr uint64_t kOpen = 1;  // the low bit of `rendezvous`

// Two times the number, plus kOpen while CPUs are to stand.
constinit Atomic<uint64_t> rendezvous{0};
// The value of `rendezvous` that each CPU last came for.
constinit Atomic<uint64_t> came_for[kMaxCpus] = {};
// One initiator at a time; the others wait with interrupts on.
constinit Atomic<bool> taken{false};
constinit Atomic<uint32_t> waiting{0};
// The CPU + 1 that was the last initiator: it lets the others go first, which
// had to stand meanwhile and would never be quicker.
constinit Atomic<uint32_t> last{0};
// Who runs its function now: CPU + 1.
constinit Atomic<uint32_t> running{0};

bool IsOther(uint32_t cpu, uint32_t self) {
  return cpu != self && dragonos_cpu_online(cpu);
}

/// Whether all other CPUs came for `open` before `end`.
bool Gather(uint64_t open, uint32_t self, uint64_t end) {
  const uint32_t count = dragonos_cpu_count();
  for (uint32_t cpu = 0; cpu < count; ++cpu) {
    if (IsOther(cpu, self)) {
      dragonos_send_ipi(cpu);
    }
  }
  for (uint32_t cpu = 0; cpu < count; ++cpu) {
    // Pairs with the release in ebpf_dragonos_ipi.
    while (IsOther(cpu, self) && came_for[cpu].Load(kAcquire) != open) {
      if (ebpf_port_time_ns() >= end) {
        return false;
      }
      ebpf::machine::Relax();
    }
  }
  return true;
}

/// Whether to let others go first. Not for long: who waits may be a task of
/// this CPU, which goes on only after this one.
bool IsPolite(uint64_t now, uint64_t begin) {
  constexpr uint64_t kPoliteTime = 20'000'000;
  return last.Load(kRelaxed) == dragonos_cpu_id() + 1 &&
         waiting.Load(kRelaxed) > 1 && now - begin < kPoliteTime;
}

bool Take() {
  waiting.FetchAdd(1, kRelaxed);
  const uint64_t begin = ebpf_port_time_ns();
  bool done = false;
  for (uint64_t now = begin; !done && now - begin < kPatienceForOthers;
       now = ebpf_port_time_ns()) {
    done = !IsPolite(now, begin) && !taken.Exchange(true, kAcquire);
    ebpf::machine::Relax();
  }
  waiting.FetchSub(1, kRelaxed);
  return done;
}

}  // namespace

namespace ebpf::dragonos {

EBPF_NOPROBE bool InRendezvous() {
  return running.Load(kRelaxed) == dragonos_cpu_id() + 1;
}

}  // namespace ebpf::dragonos

extern "C" {

int ebpf_port_stop_machine(int (*function)(void* argument), void* argument,
                           int* result) {
  if (!dragonos_may_rendezvous() || dragonos_cpu_count() > kMaxCpus) {
    return kMinusBusy;
  }
  if (!Take()) {
    return kMinusBusy;
  }
  // Masked interrupts keep this task here; and a task that is here has not
  // been interrupted over text that changes.
  const uintptr_t interrupts = ebpf::machine::MaskInterrupts();
  const uint32_t self = dragonos_cpu_id();
  const uint64_t open = rendezvous.Load(kRelaxed) + kOpen;
  rendezvous.Store(open, kRelease);
  const bool all_stand = Gather(open, self, ebpf_port_time_ns() + kPatience);
  if (all_stand) {
    running.Store(self + 1, kRelaxed);
    *result = function(argument);
    running.Store(0, kRelaxed);
  }
  // Releases what `function` did to the CPUs that stand.
  rendezvous.Store(open + kOpen, kRelease);
  ebpf::x86_64::SyncInsnStream();
  ebpf::machine::RestoreInterrupts(interrupts);
  last.Store(self + 1, kRelaxed);
  taken.Store(false, kRelease);
  return all_stand ? 0 : kMinusBusy;
}

EBPF_NOPROBE void ebpf_dragonos_ipi(dragonos_trap_frame* frame) {
  CheckInterruptionOf(frame);
  const uint64_t now = rendezvous.Load(kAcquire);
  if ((now & kOpen) == 0) {
    return;  // given up, or served already by an earlier interrupt
  }
  // Pairs with the acquire in Gather.
  came_for[dragonos_cpu_id()].Store(now, kRelease);
  // Pairs with the release at the end of ebpf_port_stop_machine.
  while (rendezvous.Load(kAcquire) == now) {
    ebpf::machine::Relax();
  }
  ebpf::x86_64::SyncInsnStream();
}

}  // extern "C"

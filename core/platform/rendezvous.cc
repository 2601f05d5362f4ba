// SPDX-License-Identifier: MIT
//
// core/platform/rendezvous.h's implementation.
//
// The initiator has every other CPU interrupted and waits, for a bounded time,
// until each has come; they spin with interrupts masked until the word now_
// changes.
#include "core/platform/rendezvous.h"

#include "core/base/noprobe.h"
#include "core/platform/cpu.h"
#include "core/platform/errors.h"
#include "core/platform/time.h"
#include "machine/interrupts.h"

namespace ebpf {
namespace {

// Nanoseconds for a CPU to come: a virtual one may not run for some time, a
// real one comes in microseconds. And for other initiators, who are as patient.
constexpr int64_t kPatience = 1'000'000'000;
constexpr int64_t kPatienceForOthers = 5 * kPatience;

/// Less than 0 if `begin` was read on a CPU whose clock is ahead.
int64_t Since(uint64_t begin) {
  return static_cast<int64_t>(ebpf_port_time_ns() - begin);
}

}  // namespace

bool Rendezvous::IsOther(uint32_t cpu, uint32_t self) const {
  return cpu != self && cpus_.is_online(cpu);
}

/// Whether all other CPUs came for `open` in time.
bool Rendezvous::Gather(uint64_t open, uint32_t self) {
  const uint64_t begin = ebpf_port_time_ns();
  const uint32_t count = ebpf_port_cpu_count();
  for (uint32_t cpu = 0; cpu < count; ++cpu) {
    if (IsOther(cpu, self)) {
      cpus_.interrupt(cpu);
    }
  }
  for (uint32_t cpu = 0; cpu < count; ++cpu) {
    // Pairs with the release in Join.
    while (IsOther(cpu, self) && came_for_[cpu].Load(kAcquire) != open) {
      if (Since(begin) >= kPatience) {
        return false;
      }
      machine::Relax();
    }
  }
  return true;
}

/// Whether to let others go first. Not for long: who waits may be a task of
/// this CPU, which goes on only after this one.
bool Rendezvous::IsPolite(int64_t waited) const {
  constexpr int64_t kPoliteTime = 20'000'000;
  return last_.Load(kRelaxed) == ebpf_port_cpu_id() + 1 &&
         waiting_.Load(kRelaxed) > 1 && waited < kPoliteTime;
}

bool Rendezvous::Take() {
  waiting_.FetchAdd(1, kRelaxed);
  const uint64_t begin = ebpf_port_time_ns();
  bool done = false;
  for (int64_t waited = 0; !done && waited < kPatienceForOthers;
       waited = Since(begin)) {
    // Pairs with the release at the end of Stop.
    done = !IsPolite(waited) && !is_taken_.Exchange(true, kAcquire);
    machine::Relax();
  }
  waiting_.FetchSub(1, kRelaxed);
  return done;
}

int Rendezvous::Stop(int (*function)(void* argument), void* argument,
                     int* result) {
  if (ebpf_port_cpu_count() > kMostCpus || !Take()) {
    return kMinusBusy;
  }
  // Masked interrupts keep this task here; and a task that is here has not
  // been interrupted over text that changes.
  const uintptr_t interrupts = ebpf_port_irq_save();
  const uint32_t self = ebpf_port_cpu_id();
  const uint64_t open = now_.Load(kRelaxed) + kOpen;
  now_.Store(open, kRelease);
  const bool all_stand = Gather(open, self);
  if (all_stand) {
    running_.Store(self + 1, kRelaxed);
    *result = function(argument);
    running_.Store(0, kRelaxed);
  }
  // Releases what `function` did to the CPUs that stand.
  now_.Store(open + kOpen, kRelease);
  cpus_.sync_insns();
  ebpf_port_irq_restore(interrupts);
  last_.Store(self + 1, kRelaxed);
  is_taken_.Store(false, kRelease);
  return all_stand ? 0 : kMinusBusy;
}

EBPF_NOPROBE void Rendezvous::Join() {
  const uint64_t open = now_.Load(kAcquire);
  if ((open & kOpen) == 0) {
    return;  // given up, or served already by an earlier interrupt
  }
  // Pairs with the acquire in Gather.
  came_for_[ebpf_port_cpu_id()].Store(open, kRelease);
  // Pairs with the release at the end of the rendezvous in Stop.
  while (now_.Load(kAcquire) == open) {
    machine::Relax();
  }
}

EBPF_NOPROBE bool Rendezvous::IsStopped() const {
  return running_.Load(kRelaxed) == ebpf_port_cpu_id() + 1;
}

}  // namespace ebpf

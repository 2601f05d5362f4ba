// SPDX-License-Identifier: MIT
//
// core/platform/interruptions.h's implementation: one word for each
// interruption that goes on, in a table without a lock, since what interrupts
// ask for must never wait. A task that is switched away inside of one keeps its
// word, and may end it on another CPU.
#include "core/platform/interruptions.h"

#include "core/base/noprobe.h"
#include "core/platform/cpu.h"

namespace ebpf {
namespace {

// What Begin says: a place's number + 1, or this.
constexpr size_t kWithoutPlace = SIZE_MAX;

}  // namespace

size_t Interruptions::TakePlace(size_t first, uint64_t pc) {
  // A pc of 0 would leave its place to the next one.
  for (size_t i = 0; pc != 0 && i < kPlaces; ++i) {
    const size_t place = (first + i) % kPlaces;
    uint64_t free = 0;
    if (places_[place].Load(kRelaxed) == 0 &&
        places_[place].CompareExchange(free, pc, kRelaxed)) {
      return place + 1;
    }
  }
  without_place_.FetchAdd(1, kRelaxed);
  return kWithoutPlace;
}

size_t Interruptions::Begin(const void* frame, uint64_t pc) {
  const uint32_t number = ebpf_port_cpu_id();
  if (number >= kMostCpus) {
    return kNone;
  }
  Cpu& cpu = cpus_[number];
  cpu.last_told.Store(frame, kRelaxed);
  is_told_.Store(true, kRelaxed);
  return TakePlace(cpu.hint.Load(kRelaxed), pc);
}

void Interruptions::End(size_t interruption) {
  if (interruption == kNone) {
    return;
  }
  // It may end on a CPU that has no entry here.
  const uint32_t number = ebpf_port_cpu_id();
  Cpu* const cpu = number < kMostCpus ? &cpus_[number] : nullptr;
  if (cpu != nullptr) {
    // The next one may have its frame at the same address.
    cpu->last_told.Store(nullptr, kRelaxed);
  }
  if (interruption == kWithoutPlace) {
    without_place_.FetchSub(1, kRelaxed);
    return;
  }
  const size_t place = interruption - 1;
  places_[place].Store(0, kRelaxed);
  if (cpu != nullptr) {
    cpu->hint.Store(place, kRelaxed);
  }
}

EBPF_NOPROBE void Interruptions::Check(const void* frame) {
  const uint32_t cpu = ebpf_port_cpu_id();
  if (cpu >= kMostCpus || cpus_[cpu].last_told.Load(kRelaxed) != frame) {
    was_silent_.Store(true, kRelaxed);
  }
}

bool Interruptions::KnowsAll() const {
  return is_told_.Load(kRelaxed) && !was_silent_.Load(kRelaxed) &&
         without_place_.Load(kRelaxed) == 0;
}

// Words of other CPUs are visible: they came to this rendezvous later.
bool Interruptions::List(void (*see)(void* argument, uintptr_t pc),
                         void* argument) const {
  if (!KnowsAll()) {
    return false;
  }
  for (const Atomic<uint64_t>& place : places_) {
    const uint64_t pc = place.Load(kRelaxed);
    if (pc != 0) {
      see(argument, pc);
    }
  }
  return true;
}

}  // namespace ebpf

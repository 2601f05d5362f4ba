// SPDX-License-Identifier: MIT
//
// core/platform/counter_time.h's implementation.
#include "core/platform/counter_time.h"

#include "core/platform/tick_clock.h"
#include "core/platform/time.h"
#include "machine/counter.h"

namespace ebpf {
namespace {

constinit TickClock counter_clock(&CounterTicksPerSecond);
constinit RandomMixer counter_random;

[[gnu::noinline]] uint64_t DividedNanoseconds() {
  return counter_clock.Nanoseconds(machine::ReadCounter());
}

}  // namespace

void SeedCounterRandom(uint64_t seed) { counter_random.Seed(seed); }

}  // namespace ebpf

extern "C" {

// No branch behind the counter: there QEMU lets in what interrupts, and a
// profile would miss the caller of this function, which has no frame.
uint64_t ebpf_port_time_ns(void) {
  const uint64_t each = ebpf::counter_clock.nanoseconds_per_tick();
  return __builtin_expect(each == 0, 0) ? ebpf::DividedNanoseconds()
                                        : ebpf::machine::ReadCounter() * each;
}

uint64_t ebpf_port_random(void) {
  return ebpf::counter_random.Next(ebpf::machine::ReadCounter());
}

}  // extern "C"

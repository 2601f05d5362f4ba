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

}  // namespace

void SeedCounterRandom(uint64_t seed) { counter_random.Seed(seed); }

}  // namespace ebpf

extern "C" {

uint64_t ebpf_port_time_ns(void) {
  return ebpf::counter_clock.NanosecondsNow(
      [] { return ebpf::machine::ReadCounter(); });
}

uint64_t ebpf_port_random(void) {
  return ebpf::counter_random.Next(ebpf::machine::ReadCounter());
}

}  // extern "C"

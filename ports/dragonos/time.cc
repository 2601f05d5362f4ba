// SPDX-License-Identifier: MIT
//
// core/platform/time.h on DragonOS: the cycle counter, scaled here, since the
// kernel's clock takes a lock that a probe may have interrupted.
#include "core/platform/time.h"

#include "ports/dragonos/kernel.h"
#include "ports/dragonos/services.h"

namespace {

// Nanoseconds per cycle, as a binary fraction.
constexpr unsigned kShift = 32;
constinit uint64_t nanoseconds_per_cycle = 0;
constinit uint64_t first_cycle = 0;

struct Moment {
  uint64_t cycles;
  uint64_t nanoseconds;
};

/// The moment at which the kernel's clock, which may move by whole ticks, goes
/// on.
Moment NextStep() {
  const uint64_t before = dragonos_monotonic_ns();
  for (;;) {
    const uint64_t now = dragonos_monotonic_ns();
    if (now != before) {
      return {dragonos_cycles(), now};
    }
  }
}

}  // namespace

namespace ebpf::dragonos {

void MeasureClock() {
  constexpr uint64_t kInterval = 20'000'000;
  const Moment begin = NextStep();
  Moment end = NextStep();
  while (end.nanoseconds - begin.nanoseconds < kInterval) {
    end = NextStep();
  }
  const uint64_t cycles = end.cycles - begin.cycles;
  // 20 ms << 32 does not fit: in two steps, to 1/2^32 of a nanosecond.
  const uint64_t nanoseconds = end.nanoseconds - begin.nanoseconds;
  const uint64_t whole = nanoseconds / cycles;
  const uint64_t rest = nanoseconds % cycles;
  nanoseconds_per_cycle =
      whole << kShift | (rest << (kShift - 4)) / (cycles >> 4);
  first_cycle = begin.cycles;
}

}  // namespace ebpf::dragonos

extern "C" {

uint64_t ebpf_port_time_ns() {
  // CPUs' counters may differ by a little: not below zero.
  const uint64_t now = dragonos_cycles();
  const uint64_t cycles = now > first_cycle ? now - first_cycle : 0;
  const auto product =
      static_cast<unsigned __int128>(cycles) * nanoseconds_per_cycle;
  return static_cast<uint64_t>(product >> kShift);
}

uint64_t ebpf_port_random() { return dragonos_random(); }

}  // extern "C"

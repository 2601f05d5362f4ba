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

/// As dragonos_cycles, and no call: it is asked for at each event.
uint64_t ReadCycles() {
  uint32_t low;
  uint32_t high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return uint64_t{high} << 32 | low;
}

/// A moment at which the kernel's clock, which may move by whole ticks, goes
/// on. Of several, the one whose two readings were closest together: a virtual
/// CPU may have to wait between them.
Moment ReadMoment() {
  constexpr int kReadings = 5;
  Moment best = {};
  uint64_t smallest_gap = UINT64_MAX;
  for (int i = 0; i < kReadings; ++i) {
    const uint64_t before = dragonos_monotonic_ns();
    for (;;) {
      const uint64_t begin = dragonos_cycles();
      const uint64_t now = dragonos_monotonic_ns();
      const uint64_t gap = dragonos_cycles() - begin;
      if (now == before) {
        continue;
      }
      if (gap < smallest_gap) {
        smallest_gap = gap;
        best = {begin + gap / 2, now};
      }
      break;
    }
  }
  return best;
}

}  // namespace

namespace ebpf::dragonos {

void MeasureClock() {
  constexpr uint64_t kInterval = 20'000'000;
  const Moment begin = ReadMoment();
  Moment end = ReadMoment();
  while (end.nanoseconds - begin.nanoseconds < kInterval) {
    end = ReadMoment();
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
  const uint64_t now = ReadCycles();
  const uint64_t cycles = now > first_cycle ? now - first_cycle : 0;
  const auto product =
      static_cast<unsigned __int128>(cycles) * nanoseconds_per_cycle;
  return static_cast<uint64_t>(product >> kShift);
}

uint64_t ebpf_port_random() { return dragonos_random(); }

}  // extern "C"

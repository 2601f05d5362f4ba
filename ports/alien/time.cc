// SPDX-License-Identifier: MIT
//
// core/platform/time.h on Alien: rdtime, which needs no lock.
#include "core/platform/time.h"

#include "core/base/atomic.h"
#include "ports/alien/csr.h"
#include "ports/alien/kernel.h"

namespace {

constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;

constinit ebpf::Atomic<uint64_t> random_state{0};
/// Never changes; 0: not asked for yet.
constinit ebpf::Atomic<uint64_t> known_frequency{0};

uint64_t Frequency() {
  uint64_t frequency = known_frequency.Load(ebpf::kRelaxed);
  if (frequency == 0) {
    frequency = alien_timer_frequency();
    known_frequency.Store(frequency, ebpf::kRelaxed);
  }
  return frequency;
}

}  // namespace

extern "C" {

uint64_t ebpf_port_time_ns(void) {
  const uint64_t ticks = ebpf::alien::ReadTicks();
  const uint64_t frequency = Frequency();
  // Seconds apart, or the product overflows (the kernel's own does so after
  // 25 minutes). The rest is below the frequency, which is below 2^34.
  return ticks / frequency * kNanosecondsPerSecond +
         ticks % frequency * kNanosecondsPerSecond / frequency;
}

// The kernel has no random numbers: splitmix64 over a counter that every
// call's moment is mixed into.
uint64_t ebpf_port_random(void) {
  const uint64_t step = 0x9e3779b97f4a7c15 + (alien_read_timer() << 1);
  uint64_t z = random_state.FetchAdd(step, ebpf::kRelaxed) + step;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

}  // extern "C"

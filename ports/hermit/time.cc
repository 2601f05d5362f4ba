// SPDX-License-Identifier: MIT
//
// core/platform/time.h on Hermit: the counter that the kernel's own clock
// reads.
#include "core/platform/time.h"

#include "core/base/atomic.h"
#include "ports/hermit/machine.h"
#include "ports/hermit/random.h"

namespace {

constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;

/// Never changes; 0: not asked for yet.
constinit ebpf::Atomic<uint64_t> known_frequency{0};

uint64_t Frequency() {
  uint64_t frequency = known_frequency.Load(ebpf::kRelaxed);
  if (frequency == 0) {
    frequency = ebpf::hermit::TicksPerSecond();
    known_frequency.Store(frequency, ebpf::kRelaxed);
  }
  return frequency;
}

}  // namespace

extern "C" {

uint64_t ebpf_port_time_ns(void) {
  const uint64_t frequency = Frequency();
  const uint64_t ticks = ebpf::hermit::ReadTicks();
  // Seconds apart, or the product overflows. The frequency is below 2^34.
  return ticks / frequency * kNanosecondsPerSecond +
         ticks % frequency * kNanosecondsPerSecond / frequency;
}

uint64_t ebpf_port_random(void) {
  return ebpf::hermit::MixRandom(ebpf::hermit::ReadTicks());
}

}  // extern "C"

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
/// A second's part in ticks is multiplied by that in 64 bits.
constexpr uint64_t kMaxFrequency = ~uint64_t{0} / kNanosecondsPerSecond;

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
  // On x86-64 the kernel measures it at boot, on a busy host much too high.
  unsigned shift = 0;
  while (frequency >> shift > kMaxFrequency) {
    ++shift;
  }
  // Seconds apart, or the product overflows.
  return ticks / frequency * kNanosecondsPerSecond +
         (ticks % frequency >> shift) * kNanosecondsPerSecond /
             (frequency >> shift);
}

uint64_t ebpf_port_random(void) {
  return ebpf::hermit::MixRandom(ebpf::hermit::ReadTicks());
}

}  // extern "C"

// SPDX-License-Identifier: MIT
//
// core/platform/time.h on Hermit for AArch64: the counter that the kernel's
// own clock reads. [arm/aarch64: D11, The Generic Timer]
#include "core/platform/time.h"

#include "ports/hermit/random.h"

namespace {

constexpr uint64_t kNanosecondsPerSecond = 1'000'000'000;

uint64_t ReadCounter() {
  uint64_t ticks;
  // Without the barrier the counter may be read before what comes first.
  asm volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(ticks) : : "memory");
  return ticks;
}

}  // namespace

extern "C" {

uint64_t ebpf_port_time_ns(void) {
  uint64_t frequency;
  asm volatile("mrs %0, cntfrq_el0" : "=r"(frequency));
  const uint64_t ticks = ReadCounter();
  // Seconds apart, or the product overflows. The frequency is below 2^32.
  return ticks / frequency * kNanosecondsPerSecond +
         ticks % frequency * kNanosecondsPerSecond / frequency;
}

uint64_t ebpf_port_random(void) {
  return ebpf::hermit::MixRandom(ReadCounter());
}

}  // extern "C"

// SPDX-License-Identifier: MIT
//
// core/platform/time.h on Hermit: the counter that the kernel's own clock
// reads. On x86-64 the kernel measures its frequency at boot, on a busy host
// much too high.
#include "core/platform/time.h"

#include "core/platform/tick_clock.h"
#include "ports/hermit/kernel.h"
#include "ports/hermit/machine.h"
#include "ports/hermit/timer.h"

namespace ebpf::hermit {
namespace {

constinit TickClock clock(&TicksPerSecond);
constinit RandomMixer random;

}  // namespace

void SeedRandom() {
  uint64_t seed = 0;
  // Without one the clock has to do.
  if (sys_secure_rand64(&seed) == 0) {
    random.Seed(seed);
  }
}

}  // namespace ebpf::hermit

extern "C" {

uint64_t ebpf_port_time_ns(void) {
  using namespace ebpf::hermit;
  return clock.Nanoseconds(ReadTicks());
}

uint64_t ebpf_port_random(void) {
  using namespace ebpf::hermit;
  return random.Next(ReadTicks());
}

}  // extern "C"

// SPDX-License-Identifier: MIT
#include "ports/hermit/random.h"

#include "core/base/atomic.h"
#include "ports/hermit/kernel.h"

namespace ebpf::hermit {
namespace {

constinit Atomic<uint64_t> state{0};

}  // namespace

void SeedRandom() {
  uint64_t seed = 0;
  // Without one the clock has to do.
  if (sys_secure_rand64(&seed) == 0) {
    state.Store(seed, kRelaxed);
  }
}

// splitmix64 over a state that every call's moment moves on.
uint64_t MixRandom(uint64_t moment) {
  const uint64_t step = 0x9e3779b97f4a7c15 + (moment << 1);
  uint64_t z = state.FetchAdd(step, kRelaxed) + step;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

}  // namespace ebpf::hermit

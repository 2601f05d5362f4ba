// SPDX-License-Identifier: MIT
//
// The keys of constant blinding.
#pragma once

#include <stdint.h>

namespace ebpf::jit {

/// The same numbers for the same seed, so that both passes hide constants
/// alike. Steele, Lea, Flood, "Fast splittable pseudorandom number generators"
/// (2014), the mixing of SplitMix64: what it gives is as secret as its seed.
class RandomStream {
 public:
  explicit RandomStream(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

}  // namespace ebpf::jit

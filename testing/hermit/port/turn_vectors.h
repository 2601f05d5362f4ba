// SPDX-License-Identifier: MIT
//
// What turns.cc of CPUs whose vector registers Hermit lets be used has in them:
// trap_probe.S loads them before the turns, and stores them behind.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace hermit {

/// All of xmm0 to xmm15, or f0 to f31.
inline constexpr size_t kVectorWords = 32;
extern "C" uint64_t hermit_test_vectors[kVectorWords];

inline uint64_t VectorWord(size_t index) { return 0x4444000000000000 + index; }

/// Gives each of their words a value of its own.
inline void FillVectors() {
  for (size_t i = 0; i < kVectorWords; ++i) {
    hermit_test_vectors[i] = VectorWord(i);
  }
}

/// Whether they have those values.
inline bool VectorsAreSame() {
  bool same = true;
  for (size_t i = 0; i < kVectorWords; ++i) {
    same = same && hermit_test_vectors[i] == VectorWord(i);
  }
  return same;
}

}  // namespace hermit

// SPDX-License-Identifier: MIT
//
// The hash of a map's keys: multiply 64 x 64 bits, fold the halves.
#pragma once

#include <stdint.h>

#include "core/base/memory.h"
#include "core/base/span.h"

namespace ebpf {

namespace internal {

/// Both halves of a * b, so that each bit of either reaches all bits.
constexpr uint64_t FoldedProduct(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// Odd constants with as many ones as zeros: digits of pi's fraction, with the
// lowest bit set.
inline constexpr uint64_t kHashFactor = 0x243f6a8885a308d3;
inline constexpr uint64_t kHashFinal = 0x13198a2e03707345;

}  // namespace internal

/// 32 bits that depend on all of `key` and of `seed`, which is secret: whoever
/// does not know it cannot choose keys that collide. Context: any.
inline uint32_t HashKey(ConstBytes key, uint64_t seed) {
  using internal::FoldedProduct;
  const uint8_t* data = key.data();
  size_t left = key.size();
  const uint64_t factor = internal::kHashFactor ^ (seed << 1);
  uint64_t state = seed ^ (left * internal::kHashFinal);
  for (; left > 16; data += 16, left -= 16) {
    // Two words at once: both factors depend on the seed.
    state = FoldedProduct(state ^ LoadUnaligned<uint64_t>(data),
                          factor ^ LoadUnaligned<uint64_t>(data + 8));
  }
  if (left > 8) {
    state = FoldedProduct(state ^ LoadUnaligned<uint64_t>(data), factor);
    data += 8;
    left -= 8;
  }
  uint64_t last = 0;
  if (left == 8) {
    last = LoadUnaligned<uint64_t>(data);
  } else if (left == 4) {
    last = LoadUnaligned<uint32_t>(data);
  } else {
    for (size_t i = 0; i < left; ++i) {
      last = last << 8 | data[i];
    }
  }
  state = FoldedProduct(state ^ last, factor);
  state = FoldedProduct(state, internal::kHashFinal);
  return static_cast<uint32_t>(state ^ state >> 32);
}

}  // namespace ebpf

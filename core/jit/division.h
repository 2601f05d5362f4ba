// SPDX-License-Identifier: MIT
//
// Unsigned division by a constant as a multiplication.
//
// Warren, Hacker's Delight (2nd edition), sections 10-8 to 10-10: for each
// divisor d > 1 that is no power of two there are a 64-bit multiplier and a
// shift such that n / d is the upper half of the product, shifted; for some
// divisors the multiplier has a 65th bit, and n is added back.
#pragma once

#include <stdint.h>

namespace ebpf::jit {

struct Reciprocal {
  uint64_t multiplier;
  uint8_t shift;
  /// n / d = (((n - high) >> 1) + high) >> (shift - 1), where high is the upper
  /// half of n * multiplier; else high >> shift.
  bool adds;
};

/// For all 64-bit n. Precondition: d > 1 and no power of two.
constexpr Reciprocal ReciprocalOf(uint64_t d) {
  constexpr uint64_t kHalf = uint64_t{1} << 63;
  const uint64_t most = ~uint64_t{0} - (uint64_t{0} - d) % d;
  unsigned p = 63;
  uint64_t q1 = kHalf / most;
  uint64_t r1 = kHalf - q1 * most;
  uint64_t q2 = (kHalf - 1) / d;
  uint64_t r2 = (kHalf - 1) - q2 * d;
  bool adds = false;
  uint64_t delta;
  do {
    ++p;
    if (r1 >= most - r1) {
      q1 = 2 * q1 + 1;
      r1 = 2 * r1 - most;
    } else {
      q1 = 2 * q1;
      r1 = 2 * r1;
    }
    if (r2 + 1 >= d - r2) {
      adds |= q2 >= kHalf - 1;
      q2 = 2 * q2 + 1;
      r2 = 2 * r2 + 1 - d;
    } else {
      adds |= q2 >= kHalf;
      q2 = 2 * q2;
      r2 = 2 * r2 + 1;
    }
    delta = d - 1 - r2;
  } while (p < 128 && (q1 < delta || (q1 == delta && r1 == 0)));
  return {q2 + 1, static_cast<uint8_t>(p - 64), adds};
}

/// For n < 2^32: n / d is the upper half of n * (2^64 / d, rounded up), as the
/// error, below n / 2^64, is less than the distance to the next integer.
/// Precondition: 1 < d < 2^32.
constexpr uint64_t Reciprocal32(uint32_t d) { return ~uint64_t{0} / d + 1; }

}  // namespace ebpf::jit

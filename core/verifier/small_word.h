// SPDX-License-Identifier: MIT
//
// Words of a few bits, for tests that enumerate all of them.
#pragma once

#include <stdint.h>

#include "core/verifier/word.h"

namespace ebpf::verifier {

/// An unsigned number of kWidth bits (1..8) that wraps around.
template <unsigned kWidth>
struct SmallWord {
  static constexpr unsigned kMask = (1u << kWidth) - 1;

  uint8_t bits = 0;

  constexpr SmallWord() = default;
  constexpr explicit SmallWord(unsigned value)
      : bits(static_cast<uint8_t>(value & kMask)) {}

  constexpr int AsSigned() const {
    const int value = bits;
    return value >= (1 << (kWidth - 1)) ? value - (1 << kWidth) : value;
  }

  friend constexpr SmallWord operator+(SmallWord a, SmallWord b) {
    return SmallWord(unsigned{a.bits} + b.bits);
  }
  friend constexpr SmallWord operator-(SmallWord a, SmallWord b) {
    return SmallWord(unsigned{a.bits} - b.bits);
  }
  friend constexpr SmallWord operator*(SmallWord a, SmallWord b) {
    return SmallWord(unsigned{a.bits} * b.bits);
  }
  friend constexpr SmallWord operator&(SmallWord a, SmallWord b) {
    return SmallWord(unsigned{a.bits} & b.bits);
  }
  friend constexpr SmallWord operator|(SmallWord a, SmallWord b) {
    return SmallWord(unsigned{a.bits} | b.bits);
  }
  friend constexpr SmallWord operator^(SmallWord a, SmallWord b) {
    return SmallWord(unsigned{a.bits} ^ b.bits);
  }
  friend constexpr SmallWord operator~(SmallWord a) {
    return SmallWord(~unsigned{a.bits});
  }
  friend constexpr bool operator==(SmallWord a, SmallWord b) {
    return a.bits == b.bits;
  }
};

namespace internal {
template <unsigned kWidth>
struct HalfOf<SmallWord<kWidth>> {
  using Type = SmallWord<kWidth / 2>;
};
template <>
struct HalfOf<SmallWord<1>> {
  using Type = NoHalf;
};
}  // namespace internal

template <unsigned kWidth>
struct WordOps<SmallWord<kWidth>> {
  using W = SmallWord<kWidth>;
  using Bool = bool;
  using Half = typename internal::HalfOf<W>::Type;
  static constexpr unsigned kBits = kWidth;

  static constexpr W Make(uint64_t value) {
    return W(static_cast<unsigned>(value & W::kMask));
  }
  static constexpr bool Equal(W a, W b) { return a == b; }
  static constexpr bool Less(W a, W b) { return a.bits < b.bits; }
  static constexpr bool SignedLess(W a, W b) {
    return a.AsSigned() < b.AsSigned();
  }
  static constexpr W Select(bool condition, W yes, W no) {
    return condition ? yes : no;
  }
  static constexpr W ShiftLeft(W a, unsigned count) {
    return W(unsigned{a.bits} << count);
  }
  static constexpr W ShiftRight(W a, unsigned count) {
    return W(unsigned{a.bits} >> count);
  }
  static constexpr W ShiftRightSigned(W a, unsigned count) {
    return W(static_cast<unsigned>(a.AsSigned() >> count));
  }
  static constexpr bool MulOverflows(W a, W b) {
    return unsigned{a.bits} * b.bits > W::kMask;
  }
  static constexpr bool SignedMulOverflows(W a, W b) {
    const int product = a.AsSigned() * b.AsSigned();
    return product < -(1 << (kWidth - 1)) || product >= 1 << (kWidth - 1);
  }
  static constexpr Half Low(W a) { return Half(a.bits); }
  static constexpr Half High(W a) {
    return Half(unsigned{a.bits} >> (kWidth / 2));
  }
  static constexpr W ZeroExtend(Half a) { return W(a.bits); }
  static constexpr W SignExtend(Half a) {
    return W(static_cast<unsigned>(a.AsSigned()));
  }
  static constexpr bool KnownZero(W a) { return a.bits == 0; }
};

}  // namespace ebpf::verifier

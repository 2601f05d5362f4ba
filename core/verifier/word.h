// SPDX-License-Identifier: MIT
//
// Machine words as the scalar domain sees them, so that one source runs on
// integers in a kernel, on words of 4 bits in an exhaustive test, and on the
// terms of an SMT solver.
#pragma once

#include <stdint.h>

#include "core/base/types.h"

namespace ebpf::verifier {

/// What the domain does with words besides + - * & | ^ ~. A kind of word is
/// usable once it has a specialization. `Bool` has && || ! and no more: code
/// over words never branches, it selects.
template <typename W>
struct WordOps;

struct NoHalf {};

namespace internal {
template <typename W>
struct HalfOf {
  using Type = NoHalf;
};
template <>
struct HalfOf<uint64_t> {
  using Type = uint32_t;
};
template <>
struct HalfOf<uint32_t> {
  using Type = uint16_t;
};
template <>
struct HalfOf<uint16_t> {
  using Type = uint8_t;
};
template <typename W>
struct SignedOf;
template <>
struct SignedOf<uint64_t> {
  using Type = int64_t;
};
template <>
struct SignedOf<uint32_t> {
  using Type = int32_t;
};
template <>
struct SignedOf<uint16_t> {
  using Type = int16_t;
};
template <>
struct SignedOf<uint8_t> {
  using Type = int8_t;
};
}  // namespace internal

template <UnsignedInteger W>
struct WordOps<W> {
  using Bool = bool;
  using Half = typename internal::HalfOf<W>::Type;
  using Signed = typename internal::SignedOf<W>::Type;
  static constexpr unsigned kBits = 8 * sizeof(W);

  static constexpr W Make(uint64_t value) { return static_cast<W>(value); }

  static constexpr bool Equal(W a, W b) { return a == b; }
  static constexpr bool Less(W a, W b) { return a < b; }
  static constexpr bool SignedLess(W a, W b) {
    return static_cast<Signed>(a) < static_cast<Signed>(b);
  }
  static constexpr W Select(bool condition, W yes, W no) {
    return condition ? yes : no;
  }

  /// `count` < kBits, always a constant of the program that is verified.
  static constexpr W ShiftLeft(W a, unsigned count) {
    return static_cast<W>(a << count);
  }
  static constexpr W ShiftRight(W a, unsigned count) {
    return static_cast<W>(a >> count);
  }
  static constexpr W ShiftRightSigned(W a, unsigned count) {
    return static_cast<W>(static_cast<Signed>(a) >> count);
  }

  static constexpr bool MulOverflows(W a, W b) {
    W product;
    return __builtin_mul_overflow(a, b, &product);
  }
  static constexpr bool SignedMulOverflows(W a, W b) {
    Signed product;
    return __builtin_mul_overflow(static_cast<Signed>(a),
                                  static_cast<Signed>(b), &product);
  }

  static constexpr Half Low(W a) { return static_cast<Half>(a); }
  static constexpr Half High(W a) {
    return static_cast<Half>(a >> (kBits / 2));
  }
  static constexpr W ZeroExtend(Half a) { return static_cast<W>(a); }
  static constexpr W SignExtend(Half a) {
    using SignedHalf = typename internal::SignedOf<Half>::Type;
    return static_cast<W>(static_cast<Signed>(static_cast<SignedHalf>(a)));
  }

  /// Whether it is known here that `a` is 0; only to save work. A solver's
  /// terms say false.
  static constexpr bool KnownZero(W a) { return a == 0; }
};

template <typename W>
constexpr W SignBit() {
  return WordOps<W>::Make(uint64_t{1} << (WordOps<W>::kBits - 1));
}
template <typename W>
constexpr W AllOnes() {
  return W(~WordOps<W>::Make(0));
}
template <typename W>
constexpr W SignedMax() {
  return W(~SignBit<W>());
}

/// The smaller and the larger one, as unsigned and as signed numbers.
template <typename W>
constexpr W UMin(W a, W b) {
  return WordOps<W>::Select(WordOps<W>::Less(b, a), b, a);
}
template <typename W>
constexpr W UMax(W a, W b) {
  return WordOps<W>::Select(WordOps<W>::Less(a, b), b, a);
}
template <typename W>
constexpr W SMin(W a, W b) {
  return WordOps<W>::Select(WordOps<W>::SignedLess(b, a), b, a);
}
template <typename W>
constexpr W SMax(W a, W b) {
  return WordOps<W>::Select(WordOps<W>::SignedLess(a, b), b, a);
}

/// Whether a + b, a - b leave the signed numbers.
template <typename W>
constexpr typename WordOps<W>::Bool SignedAddOverflows(W a, W b) {
  const W sum = W(a + b);
  return WordOps<W>::SignedLess(W((a ^ sum) & (b ^ sum)), WordOps<W>::Make(0));
}
template <typename W>
constexpr typename WordOps<W>::Bool SignedSubOverflows(W a, W b) {
  const W difference = W(a - b);
  return WordOps<W>::SignedLess(W((a ^ b) & (a ^ difference)),
                                WordOps<W>::Make(0));
}

}  // namespace ebpf::verifier

// SPDX-License-Identifier: MIT
//
// Arithmetic on what is known of two registers, in 64 bits and in 32.
#pragma once

#include "core/verifier/scalar.h"

namespace ebpf::verifier {

// The operations whose lower half follows from the operands' lower halves.
struct AddOperation {
  template <typename S>
  constexpr S operator()(const S& a, const S& b) const {
    return a + b;
  }
};
struct SubOperation {
  template <typename S>
  constexpr S operator()(const S& a, const S& b) const {
    return a - b;
  }
};
struct MulOperation {
  template <typename S>
  constexpr S operator()(const S& a, const S& b) const {
    return a * b;
  }
};
struct AndOperation {
  template <typename S>
  constexpr S operator()(const S& a, const S& b) const {
    return a & b;
  }
};
struct OrOperation {
  template <typename S>
  constexpr S operator()(const S& a, const S& b) const {
    return a | b;
  }
};
struct XorOperation {
  template <typename S>
  constexpr S operator()(const S& a, const S& b) const {
    return a ^ b;
  }
};

/// `operation` in all bits.
template <typename W, typename Operation>
constexpr Scalar<W> Apply(Operation operation, const Scalar<W>& a,
                          const Scalar<W>& b) {
  const WordSet<W> wide = operation(a.Wide(), b.Wide());
  return Sync(
      Scalar<W>{wide.bits, wide.range, operation(a.Low(), b.Low()).range});
}
/// `operation` in the lower half; the upper one becomes zero.
template <typename W, typename Operation>
constexpr Scalar<W> ApplyLow(Operation operation, const Scalar<W>& a,
                             const Scalar<W>& b) {
  return FromLowZeroExtended<W>(operation(a.Low(), b.Low()));
}

/// a << count.
template <typename W>
constexpr Scalar<W> ShiftLeft(const Scalar<W>& a, unsigned count) {
  using Ops = WordOps<W>;
  using Half = typename Ops::Half;
  constexpr unsigned kHalf = Ops::kBits / 2;
  const WordSet<W> wide = ShiftLeft(a.Wide(), count);
  Scalar<W> result{wide.bits, wide.range, Range<Half>::Full()};
  if (count < kHalf) {
    result.low = ShiftLeft(a.Low(), count).range;
  }
  if (count == kHalf) {
    // Of the lower half alone, whose signed order it keeps: with the shift
    // back that follows, compilers sign-extend so.
    result.wide = Intersect(
        result.wide,
        Range<W>::Signed(Ops::ShiftLeft(Ops::ZeroExtend(a.low.smin), count),
                         Ops::ShiftLeft(Ops::ZeroExtend(a.low.smax), count)));
  }
  return Sync(result);
}
template <typename W>
constexpr Scalar<W> ShiftRight(const Scalar<W>& a, unsigned count) {
  const WordSet<W> wide = ShiftRight(a.Wide(), count);
  return Sync(Scalar<W>{wide.bits, wide.range,
                        Range<typename WordOps<W>::Half>::Full()});
}
template <typename W>
constexpr Scalar<W> ShiftRightSigned(const Scalar<W>& a, unsigned count) {
  const WordSet<W> wide = ShiftRightSigned(a.Wide(), count);
  return Sync(Scalar<W>{wide.bits, wide.range,
                        Range<typename WordOps<W>::Half>::Full()});
}

/// The shifts in the lower half; the upper one becomes zero.
template <typename W>
constexpr Scalar<W> ShiftLeftLow(const Scalar<W>& a, unsigned count) {
  return FromLowZeroExtended<W>(ShiftLeft(a.Low(), count));
}
template <typename W>
constexpr Scalar<W> ShiftRightLow(const Scalar<W>& a, unsigned count) {
  return FromLowZeroExtended<W>(ShiftRight(a.Low(), count));
}
template <typename W>
constexpr Scalar<W> ShiftRightSignedLow(const Scalar<W>& a, unsigned count) {
  return FromLowZeroExtended<W>(ShiftRightSigned(a.Low(), count));
}

/// The low `width` bits, at most half of them, zero- or sign-extended.
template <typename W>
constexpr Scalar<W> ZeroExtend(const Scalar<W>& a, unsigned width) {
  return FromLowZeroExtended<W>(width == WordOps<W>::kBits / 2
                                    ? a.Low()
                                    : ZeroExtendFrom(a.Low(), width));
}
template <typename W>
constexpr Scalar<W> SignExtend(const Scalar<W>& a, unsigned width) {
  return FromLowSignExtended<W>(width == WordOps<W>::kBits / 2
                                    ? a.Low()
                                    : SignExtendFrom(a.Low(), width));
}
/// The low `width` bits, less than half, sign-extended to the lower half.
template <typename W>
constexpr Scalar<W> SignExtendLow(const Scalar<W>& a, unsigned width) {
  return FromLowZeroExtended<W>(SignExtendFrom(a.Low(), width));
}

}  // namespace ebpf::verifier

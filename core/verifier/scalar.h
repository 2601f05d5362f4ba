// SPDX-License-Identifier: MIT
//
// What is known of a number in a register: of all 64 bits, and of the low 32.
//
// The two halves of the knowledge are separate because programs compare and
// compute in 32 bits what they then use in 64, and the other way round. Sync
// carries over what one tells about the other; every step of it is a theorem
// about all words, stated where it is used, and scalar_test.cc enumerates them
// at small widths.
#pragma once

#include "core/verifier/word_set.h"

namespace ebpf::verifier {

/// The words w of `bits` and `wide` whose lower half is in `low`.
template <typename W>
struct Scalar {
  using Ops = WordOps<W>;
  using Bool = typename Ops::Bool;
  using Half = typename Ops::Half;

  Tnum<W> bits;
  Range<W> wide;
  Range<Half> low;

  static constexpr Scalar Unknown() {
    return {Tnum<W>::Unknown(), Range<W>::Full(), Range<Half>::Full()};
  }
  static constexpr Scalar Constant(W word) {
    return {Tnum<W>::Constant(word), Range<W>::Constant(word),
            Range<Half>::Constant(Ops::Low(word))};
  }

  constexpr WordSet<W> Wide() const { return {bits, wide}; }
  constexpr WordSet<Half> Low() const { return {LowHalf(bits), low}; }

  constexpr Bool IsConstant() const { return bits.IsConstant(); }
  /// No word is in it: the path that led here cannot be taken.
  constexpr Bool IsEmpty() const { return wide.IsEmpty() || low.IsEmpty(); }
  constexpr Bool Has(W word) const {
    return bits.Has(word) && wide.Has(word) && low.Has(Ops::Low(word));
  }
  /// Whether each word of `other` is one of these.
  constexpr Bool Contains(const Scalar& other) const {
    return bits.Contains(other.bits) && wide.Contains(other.wide) &&
           low.Contains(other.low);
  }
};

namespace internal {

/// Known bits bound both numbers.
template <typename W>
constexpr Scalar<W> BoundByBits(Scalar<W> a) {
  a.wide = Intersect(a.wide, BoundsOf(a.bits));
  a.low = Intersect(a.low, BoundsOf(LowHalf(a.bits)));
  return a;
}

/// The lower halves of the words in [min, max] (in either order of the words).
template <typename W>
constexpr Range<typename WordOps<W>::Half> LowBounds(W min, W max) {
  using Ops = WordOps<W>;
  using Half = typename Ops::Half;
  using HalfOps = WordOps<Half>;
  // With one upper half, the lower ones are ordered as the words are.
  const auto same = HalfOps::Equal(Ops::High(min), Ops::High(max));
  // With two successive ones, they run from Low(min) up to all ones, then from
  // 0 up to Low(max): one signed range, if it starts negative and ends not.
  const auto successive =
      HalfOps::Equal(Half(Ops::High(min) + HalfOps::Make(1)), Ops::High(max)) &&
      HalfOps::SignedLess(Ops::Low(min), HalfOps::Make(0)) &&
      !HalfOps::SignedLess(Ops::Low(max), HalfOps::Make(0));
  return Select(
      same, Range<Half>::Unsigned(Ops::Low(min), Ops::Low(max)),
      Select(successive, Range<Half>::Signed(Ops::Low(min), Ops::Low(max)),
             Range<Half>::Full()));
}

template <typename W>
constexpr Scalar<W> LowFromWide(Scalar<W> a) {
  a.low = Intersect(a.low, LowBounds(a.wide.umin, a.wide.umax));
  // In the order of signed words, too: an upper half of its own keeps order.
  a.low = Intersect(a.low, LowBounds(a.wide.smin, a.wide.smax));
  return a;
}

template <typename W>
constexpr Scalar<W> WideFromLow(Scalar<W> a) {
  using Ops = WordOps<W>;
  const W upper = Ops::ShiftLeft(AllOnes<W>(), Ops::kBits / 2);
  const W low_min = Ops::ZeroExtend(a.low.umin);
  const W low_max = Ops::ZeroExtend(a.low.umax);
  // A word not below umin, its lower half not below low.umin: if its upper
  // half is umin's, it is not below both put together, else it is above.
  Range<W> bounds{
      W((a.wide.umin & upper) | low_min), W((a.wide.umax & upper) | low_max),
      W((a.wide.smin & upper) | low_min), W((a.wide.smax & upper) | low_max)};
  a.wide = Intersect(a.wide, bounds);
  // A word that fits the half's signed numbers is its own lower half extended.
  const W half_min = Ops::SignExtend(SignBit<typename Ops::Half>());
  const W half_max = Ops::SignExtend(SignedMax<typename Ops::Half>());
  const auto fits = !Ops::SignedLess(a.wide.smin, half_min) &&
                    !Ops::SignedLess(half_max, a.wide.smax);
  a.wide =
      Select(fits,
             Intersect(a.wide, Range<W>::Signed(Ops::SignExtend(a.low.smin),
                                                Ops::SignExtend(a.low.smax))),
             a.wide);
  return a;
}

template <typename W>
constexpr Scalar<W> BitsFromBounds(Scalar<W> a) {
  a.bits = Intersect(a.bits, Tnum<W>::FromRange(a.wide.umin, a.wide.umax));
  a.bits = Intersect(a.bits, WithUnknownUpperHalf<W>(
                                 Tnum<typename WordOps<W>::Half>::FromRange(
                                     a.low.umin, a.low.umax)));
  return a;
}

}  // namespace internal

/// The same words or fewer, each part tightened by the others; none that was in
/// all parts is lost. If the parts exclude each other the result may be empty
/// or not.
template <typename W>
constexpr Scalar<W> Sync(Scalar<W> a) {
  a = internal::BoundByBits(a);
  for (int round = 0; round < 2; ++round) {
    a.wide = Deduce(a.wide);
    a.low = Deduce(a.low);
    a = internal::LowFromWide(a);
    a = internal::WideFromLow(a);
  }
  a.wide = Deduce(a.wide);
  a.low = Deduce(a.low);
  a = internal::BitsFromBounds(a);
  return internal::BoundByBits(a);
}

/// A word of which only the lower half is not zero.
template <typename W>
constexpr Scalar<W> FromLowZeroExtended(
    const WordSet<typename WordOps<W>::Half>& low) {
  using Ops = WordOps<W>;
  return Sync(Scalar<W>{ZeroExtended<W>(low.bits),
                        Range<W>::Unsigned(Ops::ZeroExtend(low.range.umin),
                                           Ops::ZeroExtend(low.range.umax)),
                        low.range});
}

/// A word of which the upper half is copies of the lower one's sign.
template <typename W>
constexpr Scalar<W> FromLowSignExtended(
    const WordSet<typename WordOps<W>::Half>& low) {
  using Ops = WordOps<W>;
  return Sync(Scalar<W>{SignExtended<W>(low.bits),
                        Range<W>::Signed(Ops::SignExtend(low.range.smin),
                                         Ops::SignExtend(low.range.smax)),
                        low.range});
}

/// What scalar.h knows of a register of eBPF.
using ScalarValue = Scalar<uint64_t>;

}  // namespace ebpf::verifier

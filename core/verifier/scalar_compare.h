// SPDX-License-Identifier: MIT
//
// What a comparison of two registers tells: whether it is decided, and what
// each of them can be where it holds.
#pragma once

#include "core/verifier/scalar.h"

namespace ebpf::verifier {

/// The comparisons that all conditional jumps are made of, by exchanging the
/// operands and by negation.
enum class Comparison : uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kSignedLess,
  kSignedLessOrEqual,
  kSharesBits,  // a & b is not 0
  kSharesNoBits,
};

/// What each is when it does not hold: kLess and kLessOrEqual with their
/// operands exchanged.
constexpr Comparison Negation(Comparison comparison, bool& exchanged) {
  exchanged = false;
  switch (comparison) {
    case Comparison::kEqual:
      return Comparison::kNotEqual;
    case Comparison::kNotEqual:
      return Comparison::kEqual;
    case Comparison::kLess:
      exchanged = true;
      return Comparison::kLessOrEqual;
    case Comparison::kLessOrEqual:
      exchanged = true;
      return Comparison::kLess;
    case Comparison::kSignedLess:
      exchanged = true;
      return Comparison::kSignedLessOrEqual;
    case Comparison::kSignedLessOrEqual:
      exchanged = true;
      return Comparison::kSignedLess;
    case Comparison::kSharesBits:
      return Comparison::kSharesNoBits;
    case Comparison::kSharesNoBits:
      break;
  }
  return Comparison::kSharesBits;
}

/// Whether `comparison` holds for two words; what the others are judged by.
template <typename W>
constexpr typename WordOps<W>::Bool Holds(Comparison comparison, W a, W b) {
  using Ops = WordOps<W>;
  const W zero = Ops::Make(0);
  switch (comparison) {
    case Comparison::kEqual:
      return Ops::Equal(a, b);
    case Comparison::kNotEqual:
      return !Ops::Equal(a, b);
    case Comparison::kLess:
      return Ops::Less(a, b);
    case Comparison::kLessOrEqual:
      return !Ops::Less(b, a);
    case Comparison::kSignedLess:
      return Ops::SignedLess(a, b);
    case Comparison::kSignedLessOrEqual:
      return !Ops::SignedLess(b, a);
    case Comparison::kSharesBits:
      return !Ops::Equal(W(a & b), zero);
    case Comparison::kSharesNoBits:
      break;
  }
  return Ops::Equal(W(a & b), zero);
}

/// Whether `comparison` holds for all words of `a` and `b`.
template <typename W>
constexpr typename WordOps<W>::Bool AlwaysHolds(Comparison comparison,
                                                const WordSet<W>& a,
                                                const WordSet<W>& b) {
  using Ops = WordOps<W>;
  const W zero = Ops::Make(0);
  switch (comparison) {
    case Comparison::kEqual:
      return a.bits.IsConstant() && b.bits.IsConstant() &&
             Ops::Equal(a.bits.value, b.bits.value);
    case Comparison::kNotEqual: {
      // A bit known in both differs, or the bounds do not meet.
      const W known = W(~(a.bits.mask | b.bits.mask));
      return !Ops::Equal(W((a.bits.value ^ b.bits.value) & known), zero) ||
             Ops::Less(a.range.umax, b.range.umin) ||
             Ops::Less(b.range.umax, a.range.umin) ||
             Ops::SignedLess(a.range.smax, b.range.smin) ||
             Ops::SignedLess(b.range.smax, a.range.smin);
    }
    case Comparison::kLess:
      return Ops::Less(a.range.umax, b.range.umin);
    case Comparison::kLessOrEqual:
      return !Ops::Less(b.range.umin, a.range.umax);
    case Comparison::kSignedLess:
      return Ops::SignedLess(a.range.smax, b.range.smin);
    case Comparison::kSignedLessOrEqual:
      return !Ops::SignedLess(b.range.smin, a.range.smax);
    case Comparison::kSharesBits:
      return !Ops::Equal(W(a.bits.value & b.bits.value), zero);
    case Comparison::kSharesNoBits:
      break;
  }
  return Ops::Equal(W(a.bits.Max() & b.bits.Max()), zero);
}

/// The same for all bits of two registers: their lower halves alone may tell
/// that they differ.
template <typename W>
constexpr typename WordOps<W>::Bool AlwaysHoldsWide(Comparison comparison,
                                                    const Scalar<W>& a,
                                                    const Scalar<W>& b) {
  const auto holds = AlwaysHolds(comparison, a.Wide(), b.Wide());
  return comparison == Comparison::kNotEqual
             ? holds || AlwaysHolds(comparison, a.Low(), b.Low())
             : holds;
}

namespace internal {

/// `a` without the constant `word`, if that is one of its bounds.
template <typename W>
constexpr Range<W> Without(Range<W> a, W word) {
  using Ops = WordOps<W>;
  const W one = Ops::Make(1);
  a.umin = Ops::Select(Ops::Equal(a.umin, word) && Ops::Less(a.umin, a.umax),
                       W(a.umin + one), a.umin);
  a.umax = Ops::Select(Ops::Equal(a.umax, word) && Ops::Less(a.umin, a.umax),
                       W(a.umax - one), a.umax);
  a.smin =
      Ops::Select(Ops::Equal(a.smin, word) && Ops::SignedLess(a.smin, a.smax),
                  W(a.smin + one), a.smin);
  a.smax =
      Ops::Select(Ops::Equal(a.smax, word) && Ops::SignedLess(a.smin, a.smax),
                  W(a.smax - one), a.smax);
  return a;
}

template <typename W>
constexpr void RefineNotEqual(WordSet<W>& a, const WordSet<W>& b) {
  a.range =
      Select(b.bits.IsConstant(), Without(a.range, b.bits.value), a.range);
}

/// a < b: a is at most b's maximum less 1, unless that is 0 and no a is; b is
/// at least a's minimum and 1, unless that is the largest.
template <typename W>
constexpr void RefineLess(Range<W>& a, Range<W>& b) {
  using Ops = WordOps<W>;
  const W one = Ops::Make(1);
  const W below =
      Ops::Select(Ops::Equal(b.umax, Ops::Make(0)), b.umax, W(b.umax - one));
  const W above =
      Ops::Select(Ops::Equal(a.umin, AllOnes<W>()), a.umin, W(a.umin + one));
  a.umax = UMin(a.umax, below);
  b.umin = UMax(b.umin, above);
}

template <typename W>
constexpr void RefineSignedLess(Range<W>& a, Range<W>& b) {
  using Ops = WordOps<W>;
  const W one = Ops::Make(1);
  const W below =
      Ops::Select(Ops::Equal(b.smax, SignBit<W>()), b.smax, W(b.smax - one));
  const W above =
      Ops::Select(Ops::Equal(a.smin, SignedMax<W>()), a.smin, W(a.smin + one));
  a.smax = SMin(a.smax, below);
  b.smin = SMax(b.smin, above);
}

/// a & b is not 0: with a single bit in b, that one is set in a.
template <typename W>
constexpr void RefineSharesBits(Tnum<W>& a, const Tnum<W>& b) {
  using Ops = WordOps<W>;
  const auto single =
      b.IsConstant() &&
      Ops::Equal(W(b.value & (b.value - Ops::Make(1))), Ops::Make(0));
  const W bit = Ops::Select(single, b.value, Ops::Make(0));
  a = {W(a.value | bit), W(a.mask & ~bit)};
}

/// a & b is 0: bits known to be set in b are not in a.
template <typename W>
constexpr void RefineSharesNoBits(Tnum<W>& a, const Tnum<W>& b) {
  a = {W(a.value & ~b.value), W(a.mask & ~b.value)};
}

}  // namespace internal

/// Takes from `a` and `b` words for which `comparison` does not hold with any
/// word of the other one. Loses no pair for which it holds.
template <typename W>
constexpr void Refine(Comparison comparison, WordSet<W>& a, WordSet<W>& b) {
  switch (comparison) {
    case Comparison::kEqual:
      a = {Intersect(a.bits, b.bits), Intersect(a.range, b.range)};
      b = a;
      return;
    case Comparison::kNotEqual: {
      const WordSet<W> before = a;
      internal::RefineNotEqual(a, b);
      internal::RefineNotEqual(b, before);
      return;
    }
    case Comparison::kLess:
      internal::RefineLess(a.range, b.range);
      return;
    case Comparison::kLessOrEqual:
      a.range.umax = UMin(a.range.umax, b.range.umax);
      b.range.umin = UMax(b.range.umin, a.range.umin);
      return;
    case Comparison::kSignedLess:
      internal::RefineSignedLess(a.range, b.range);
      return;
    case Comparison::kSignedLessOrEqual:
      a.range.smax = SMin(a.range.smax, b.range.smax);
      b.range.smin = SMax(b.range.smin, a.range.smin);
      return;
    case Comparison::kSharesBits: {
      const Tnum<W> before = a.bits;
      internal::RefineSharesBits(a.bits, b.bits);
      internal::RefineSharesBits(b.bits, before);
      return;
    }
    case Comparison::kSharesNoBits: {
      const Tnum<W> before = a.bits;
      internal::RefineSharesNoBits(a.bits, b.bits);
      internal::RefineSharesNoBits(b.bits, before);
      return;
    }
  }
}

/// The same for a comparison of all bits.
template <typename W>
constexpr void RefineWide(Comparison comparison, Scalar<W>& a, Scalar<W>& b) {
  WordSet<W> wide_a = a.Wide();
  WordSet<W> wide_b = b.Wide();
  Refine(comparison, wide_a, wide_b);
  a.bits = wide_a.bits;
  a.wide = wide_a.range;
  b.bits = wide_b.bits;
  b.wide = wide_b.range;
  if (comparison == Comparison::kEqual) {
    a.low = Intersect(a.low, b.low);
    b.low = a.low;
  }
  a = Sync(a);
  b = Sync(b);
}

/// The same for a comparison of the lower halves.
template <typename W>
constexpr void RefineLow(Comparison comparison, Scalar<W>& a, Scalar<W>& b) {
  using Half = typename WordOps<W>::Half;
  WordSet<Half> low_a = a.Low();
  WordSet<Half> low_b = b.Low();
  Refine(comparison, low_a, low_b);
  a.low = low_a.range;
  b.low = low_b.range;
  a.bits = Intersect(a.bits, WithUnknownUpperHalf<W>(low_a.bits));
  b.bits = Intersect(b.bits, WithUnknownUpperHalf<W>(low_b.bits));
  a = Sync(a);
  b = Sync(b);
}

}  // namespace ebpf::verifier

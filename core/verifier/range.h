// SPDX-License-Identifier: MIT
//
// What is known of a word as a number: bounds, unsigned and signed.
#pragma once

#include "core/verifier/tnum.h"
#include "core/verifier/word.h"

namespace ebpf::verifier {

/// The words w with umin <= w <= umax unsigned and smin <= w <= smax signed.
template <typename W>
struct Range {
  using Ops = WordOps<W>;
  using Bool = typename Ops::Bool;

  W umin;
  W umax;
  W smin;
  W smax;

  static constexpr Range Full() {
    return {Ops::Make(0), AllOnes<W>(), SignBit<W>(), SignedMax<W>()};
  }
  static constexpr Range Constant(W word) { return {word, word, word, word}; }
  static constexpr Range Unsigned(W min, W max) {
    return {min, max, SignBit<W>(), SignedMax<W>()};
  }
  static constexpr Range Signed(W min, W max) {
    return {Ops::Make(0), AllOnes<W>(), min, max};
  }

  /// No word is in it, which only an impossible path leads to.
  constexpr Bool IsEmpty() const {
    return Ops::Less(umax, umin) || Ops::SignedLess(smax, smin);
  }
  constexpr Bool Has(W w) const {
    return !Ops::Less(w, umin) && !Ops::Less(umax, w) &&
           !Ops::SignedLess(w, smin) && !Ops::SignedLess(smax, w);
  }
  /// Whether each bound of `other` lies within these.
  constexpr Bool Contains(const Range& other) const {
    return !Ops::Less(other.umin, umin) && !Ops::Less(umax, other.umax) &&
           !Ops::SignedLess(other.smin, smin) &&
           !Ops::SignedLess(smax, other.smax);
  }
};

template <typename W>
constexpr Range<W> Select(typename WordOps<W>::Bool condition,
                          const Range<W>& yes, const Range<W>& no) {
  using Ops = WordOps<W>;
  return {Ops::Select(condition, yes.umin, no.umin),
          Ops::Select(condition, yes.umax, no.umax),
          Ops::Select(condition, yes.smin, no.smin),
          Ops::Select(condition, yes.smax, no.smax)};
}

template <typename W>
constexpr Range<W> Intersect(const Range<W>& a, const Range<W>& b) {
  return {UMax(a.umin, b.umin), UMin(a.umax, b.umax), SMax(a.smin, b.smin),
          SMin(a.smax, b.smax)};
}

/// The bounds that known bits give.
template <typename W>
constexpr Range<W> BoundsOf(const Tnum<W>& bits) {
  const W sign = SignBit<W>();
  return {bits.value, bits.Max(), W(bits.value | (bits.mask & sign)),
          W(bits.value | (bits.mask & ~sign))};
}

/// `a`, each pair of bounds tightened by the other as far as it goes: the words
/// without and with the sign bit are an interval each, the same in both orders.
template <typename W>
constexpr Range<W> Deduce(const Range<W>& a) {
  using Ops = WordOps<W>;
  const W zero = Ops::Make(0);
  const W sign = SignBit<W>();
  const W low_min = UMax(a.umin, SMax(a.smin, zero));
  const W low_max = UMin(a.umax, SMin(a.smax, SignedMax<W>()));
  const auto no_low =
      Ops::SignedLess(a.smax, zero) || Ops::Less(low_max, low_min);
  const W high_min = UMax(UMax(a.umin, sign), SMin(a.smin, AllOnes<W>()));
  const W high_max = UMin(a.umax, SMin(a.smax, AllOnes<W>()));
  const auto no_high = !Ops::SignedLess(a.smin, zero) ||
                       Ops::Less(a.umax, sign) || Ops::Less(high_max, high_min);
  // Of nothing, nothing is made.
  return Select(a.IsEmpty(), a,
                Range<W>{Ops::Select(no_low, high_min, low_min),
                         Ops::Select(no_high, low_max, high_max),
                         Ops::Select(no_high, low_min, high_min),
                         Ops::Select(no_low, high_max, low_max)});
}

// Arithmetic. Each pair of bounds is full where it may wrap around.

template <typename W>
constexpr Range<W> operator+(const Range<W>& a, const Range<W>& b) {
  using Ops = WordOps<W>;
  const W umin = W(a.umin + b.umin);
  const W umax = W(a.umax + b.umax);
  // If even the smallest sum wraps, all do, once: the order is kept.
  const auto ordered = Ops::Less(umin, a.umin) || !Ops::Less(umax, a.umax);
  const auto wraps =
      SignedAddOverflows(a.smin, b.smin) || SignedAddOverflows(a.smax, b.smax);
  return {Ops::Select(ordered, umin, Ops::Make(0)),
          Ops::Select(ordered, umax, AllOnes<W>()),
          Ops::Select(wraps, SignBit<W>(), W(a.smin + b.smin)),
          Ops::Select(wraps, SignedMax<W>(), W(a.smax + b.smax))};
}

template <typename W>
constexpr Range<W> operator-(const Range<W>& a, const Range<W>& b) {
  using Ops = WordOps<W>;
  // The same for borrows: none, or all.
  const auto ordered = !Ops::Less(a.umin, b.umax) || Ops::Less(a.umax, b.umin);
  const auto wraps =
      SignedSubOverflows(a.smin, b.smax) || SignedSubOverflows(a.smax, b.smin);
  return {Ops::Select(ordered, W(a.umin - b.umax), Ops::Make(0)),
          Ops::Select(ordered, W(a.umax - b.umin), AllOnes<W>()),
          Ops::Select(wraps, SignBit<W>(), W(a.smin - b.smax)),
          Ops::Select(wraps, SignedMax<W>(), W(a.smax - b.smin))};
}

template <typename W>
constexpr Range<W> operator*(const Range<W>& a, const Range<W>& b) {
  using Ops = WordOps<W>;
  const auto uwraps = Ops::MulOverflows(a.umax, b.umax);
  const auto swraps = Ops::SignedMulOverflows(a.smin, b.smin) ||
                      Ops::SignedMulOverflows(a.smin, b.smax) ||
                      Ops::SignedMulOverflows(a.smax, b.smin) ||
                      Ops::SignedMulOverflows(a.smax, b.smax);
  const W p = W(a.smin * b.smin);
  const W q = W(a.smin * b.smax);
  const W r = W(a.smax * b.smin);
  const W s = W(a.smax * b.smax);
  return {Ops::Select(uwraps, Ops::Make(0), W(a.umin * b.umin)),
          Ops::Select(uwraps, AllOnes<W>(), W(a.umax * b.umax)),
          Ops::Select(swraps, SignBit<W>(), SMin(SMin(p, q), SMin(r, s))),
          Ops::Select(swraps, SignedMax<W>(), SMax(SMax(p, q), SMax(r, s)))};
}

/// `count` < the word's width, as in all shifts.
template <typename W>
constexpr Range<W> ShiftLeft(const Range<W>& a, unsigned count) {
  using Ops = WordOps<W>;
  const W umax = Ops::ShiftLeft(a.umax, count);
  const W smin = Ops::ShiftLeft(a.smin, count);
  const W smax = Ops::ShiftLeft(a.smax, count);
  const auto ufits = Ops::Equal(Ops::ShiftRight(umax, count), a.umax);
  const auto sfits = Ops::Equal(Ops::ShiftRightSigned(smin, count), a.smin) &&
                     Ops::Equal(Ops::ShiftRightSigned(smax, count), a.smax);
  return {Ops::Select(ufits, Ops::ShiftLeft(a.umin, count), Ops::Make(0)),
          Ops::Select(ufits, umax, AllOnes<W>()),
          Ops::Select(sfits, smin, SignBit<W>()),
          Ops::Select(sfits, smax, SignedMax<W>())};
}
template <typename W>
constexpr Range<W> ShiftRight(const Range<W>& a, unsigned count) {
  return Range<W>::Unsigned(WordOps<W>::ShiftRight(a.umin, count),
                            WordOps<W>::ShiftRight(a.umax, count));
}
template <typename W>
constexpr Range<W> ShiftRightSigned(const Range<W>& a, unsigned count) {
  return Range<W>::Signed(WordOps<W>::ShiftRightSigned(a.smin, count),
                          WordOps<W>::ShiftRightSigned(a.smax, count));
}

}  // namespace ebpf::verifier

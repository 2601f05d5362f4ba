// SPDX-License-Identifier: MIT
//
// What is known of a word: its bits and its bounds, through one operation.
#pragma once

#include "core/verifier/range.h"
#include "core/verifier/tnum.h"

namespace ebpf::verifier {

/// The words that `bits` and `range` both allow. Results of operations are
/// sound, and as tight as scalar.h's Sync makes them afterwards.
template <typename W>
struct WordSet {
  using Ops = WordOps<W>;
  using Bool = typename Ops::Bool;

  Tnum<W> bits;
  Range<W> range;

  static constexpr WordSet Unknown() {
    return {Tnum<W>::Unknown(), Range<W>::Full()};
  }
  static constexpr WordSet Constant(W word) {
    return {Tnum<W>::Constant(word), Range<W>::Constant(word)};
  }
  constexpr Bool Has(W word) const { return bits.Has(word) && range.Has(word); }
};

template <typename W>
constexpr WordSet<W> operator+(const WordSet<W>& a, const WordSet<W>& b) {
  return {a.bits + b.bits, a.range + b.range};
}
template <typename W>
constexpr WordSet<W> operator-(const WordSet<W>& a, const WordSet<W>& b) {
  return {a.bits - b.bits, a.range - b.range};
}
template <typename W>
constexpr WordSet<W> operator*(const WordSet<W>& a, const WordSet<W>& b) {
  return {a.bits * b.bits, a.range * b.range};
}

/// a & b is not above either.
template <typename W>
constexpr WordSet<W> operator&(const WordSet<W>& a, const WordSet<W>& b) {
  const Tnum<W> bits = a.bits & b.bits;
  return {bits,
          Range<W>::Unsigned(bits.value, UMin(a.range.umax, b.range.umax))};
}
/// a | b is not below either.
template <typename W>
constexpr WordSet<W> operator|(const WordSet<W>& a, const WordSet<W>& b) {
  const Tnum<W> bits = a.bits | b.bits;
  return {bits,
          Range<W>::Unsigned(UMax(a.range.umin, b.range.umin), bits.Max())};
}
template <typename W>
constexpr WordSet<W> operator^(const WordSet<W>& a, const WordSet<W>& b) {
  const Tnum<W> bits = a.bits ^ b.bits;
  return {bits, Range<W>::Unsigned(bits.value, bits.Max())};
}

template <typename W>
constexpr WordSet<W> ShiftLeft(const WordSet<W>& a, unsigned count) {
  return {ShiftLeft(a.bits, count), ShiftLeft(a.range, count)};
}
template <typename W>
constexpr WordSet<W> ShiftRight(const WordSet<W>& a, unsigned count) {
  return {ShiftRight(a.bits, count), ShiftRight(a.range, count)};
}
template <typename W>
constexpr WordSet<W> ShiftRightSigned(const WordSet<W>& a, unsigned count) {
  return {ShiftRightSigned(a.bits, count), ShiftRightSigned(a.range, count)};
}

/// The low `width` bits (less than the word's), the others zero.
template <typename W>
constexpr WordSet<W> ZeroExtendFrom(const WordSet<W>& a, unsigned width) {
  using Ops = WordOps<W>;
  const W mask = Ops::Make((uint64_t{1} << width) - 1);
  const auto same_upper =
      Ops::Equal(W(a.range.umin & ~mask), W(a.range.umax & ~mask));
  const Range<W> cut =
      Select(same_upper,
             Range<W>::Unsigned(W(a.range.umin & mask), W(a.range.umax & mask)),
             Range<W>::Unsigned(Ops::Make(0), mask));
  return {a.bits & Tnum<W>::Constant(mask), cut};
}

/// The low `width` bits (less than the word's), the others copies of the
/// highest of them.
template <typename W>
constexpr WordSet<W> SignExtendFrom(const WordSet<W>& a, unsigned width) {
  using Ops = WordOps<W>;
  const W max = Ops::Make((uint64_t{1} << (width - 1)) - 1);
  const W min = W(~max);
  const auto unchanged = !Ops::SignedLess(a.range.smin, min) &&
                         !Ops::SignedLess(max, a.range.smax);
  const unsigned count = Ops::kBits - width;
  return {ShiftRightSigned(ShiftLeft(a.bits, count), count),
          Select(unchanged, a.range, Range<W>::Signed(min, max))};
}

}  // namespace ebpf::verifier

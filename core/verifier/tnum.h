// SPDX-License-Identifier: MIT
//
// What is known of a word bit by bit: each bit is 0, 1 or unknown.
//
// The operations are those of Vishwanathan, Shachnai, Narayana and Nagarakatte,
// "Sound, Precise, and Fast Abstract Interpretation with Tristate Numbers"
// (CGO 2022), which proves them sound; tnum_test.cc enumerates them at small
// widths.
#pragma once

#include "core/verifier/word.h"

namespace ebpf::verifier {

/// The words w with (w & ~mask) == value. A bit of `mask` is an unknown bit;
/// it is 0 in `value`.
template <typename W>
struct Tnum {
  using Ops = WordOps<W>;
  using Bool = typename Ops::Bool;

  W value;
  W mask;

  static constexpr Tnum Constant(W word) { return {word, Ops::Make(0)}; }
  static constexpr Tnum Unknown() { return {Ops::Make(0), AllOnes<W>()}; }

  /// All words of [min, max], and no fewer known bits than possible: those
  /// above the highest bit where the two differ.
  static constexpr Tnum FromRange(W min, W max) {
    W below = W(min ^ max);
    for (unsigned shift = 1; shift < Ops::kBits; shift *= 2) {
      below = W(below | Ops::ShiftRight(below, shift));
    }
    return {W(min & ~below), below};
  }

  constexpr Bool IsConstant() const { return Ops::Equal(mask, Ops::Make(0)); }
  constexpr Bool IsUnknown() const { return Ops::Equal(mask, AllOnes<W>()); }
  constexpr Bool Has(W word) const {
    return Ops::Equal(W(word & ~mask), value);
  }
  /// Whether each word of `other` is one of these.
  constexpr Bool Contains(const Tnum& other) const {
    return Ops::Equal(W(other.mask & ~mask), Ops::Make(0)) && Has(other.value);
  }
  constexpr W Max() const { return W(value | mask); }
};

template <typename W>
constexpr Tnum<W> operator+(const Tnum<W>& a, const Tnum<W>& b) {
  const W sum = W(a.value + b.value);
  const W carries = W(sum + a.mask + b.mask);
  const W unknown = W((carries ^ sum) | a.mask | b.mask);
  return {W(sum & ~unknown), unknown};
}

template <typename W>
constexpr Tnum<W> operator-(const Tnum<W>& a, const Tnum<W>& b) {
  const W difference = W(a.value - b.value);
  const W most = W(difference + a.mask);
  const W least = W(difference - b.mask);
  const W unknown = W((most ^ least) | a.mask | b.mask);
  return {W(difference & ~unknown), unknown};
}

template <typename W>
constexpr Tnum<W> operator&(const Tnum<W>& a, const Tnum<W>& b) {
  const W value = W(a.value & b.value);
  return {value, W(a.Max() & b.Max() & ~value)};
}

template <typename W>
constexpr Tnum<W> operator|(const Tnum<W>& a, const Tnum<W>& b) {
  const W value = W(a.value | b.value);
  return {value, W((a.mask | b.mask) & ~value)};
}

template <typename W>
constexpr Tnum<W> operator^(const Tnum<W>& a, const Tnum<W>& b) {
  const W unknown = W(a.mask | b.mask);
  return {W((a.value ^ b.value) & ~unknown), unknown};
}

/// Long multiplication: the known part exactly, and for each bit of `a` that
/// may be set what it may add beyond that.
template <typename W>
constexpr Tnum<W> operator*(const Tnum<W>& a, const Tnum<W>& b) {
  using Ops = WordOps<W>;
  const W zero = Ops::Make(0);
  Tnum<W> unknown = Tnum<W>::Constant(zero);
  for (unsigned bit = 0; bit < Ops::kBits; ++bit) {
    if (Ops::KnownZero(Ops::ShiftRight(a.Max(), bit))) {
      break;
    }
    const W one = Ops::Make(uint64_t{1} << bit);
    const W is_one = Ops::Select(Ops::Equal(W(a.value & one), zero), zero,
                                 Ops::ShiftLeft(b.mask, bit));
    const W may_be = Ops::Select(Ops::Equal(W(a.mask & one), zero), is_one,
                                 Ops::ShiftLeft(b.Max(), bit));
    unknown = unknown + Tnum<W>{zero, may_be};
  }
  return Tnum<W>::Constant(W(a.value * b.value)) + unknown;
}

/// `count` < the word's width.
template <typename W>
constexpr Tnum<W> ShiftLeft(const Tnum<W>& a, unsigned count) {
  return {WordOps<W>::ShiftLeft(a.value, count),
          WordOps<W>::ShiftLeft(a.mask, count)};
}
template <typename W>
constexpr Tnum<W> ShiftRight(const Tnum<W>& a, unsigned count) {
  return {WordOps<W>::ShiftRight(a.value, count),
          WordOps<W>::ShiftRight(a.mask, count)};
}
/// An unknown sign fills with unknown bits, since it is one in `mask`.
template <typename W>
constexpr Tnum<W> ShiftRightSigned(const Tnum<W>& a, unsigned count) {
  return {WordOps<W>::ShiftRightSigned(a.value, count),
          WordOps<W>::ShiftRightSigned(a.mask, count)};
}

/// The words that are in both; if there are none, any words.
template <typename W>
constexpr Tnum<W> Intersect(const Tnum<W>& a, const Tnum<W>& b) {
  const W unknown = W(a.mask & b.mask);
  return {W((a.value | b.value) & ~unknown), unknown};
}

/// The lower half, and words made of a half.
template <typename W>
constexpr Tnum<typename WordOps<W>::Half> LowHalf(const Tnum<W>& a) {
  return {WordOps<W>::Low(a.value), WordOps<W>::Low(a.mask)};
}
template <typename W>
constexpr Tnum<W> ZeroExtended(const Tnum<typename WordOps<W>::Half>& a) {
  return {WordOps<W>::ZeroExtend(a.value), WordOps<W>::ZeroExtend(a.mask)};
}
template <typename W>
constexpr Tnum<W> SignExtended(const Tnum<typename WordOps<W>::Half>& a) {
  return {WordOps<W>::SignExtend(a.value), WordOps<W>::SignExtend(a.mask)};
}
/// Any upper half.
template <typename W>
constexpr Tnum<W> WithUnknownUpperHalf(
    const Tnum<typename WordOps<W>::Half>& a) {
  const W upper = WordOps<W>::ShiftLeft(AllOnes<W>(), WordOps<W>::kBits / 2);
  return {WordOps<W>::ZeroExtend(a.value),
          W(WordOps<W>::ZeroExtend(a.mask) | upper)};
}

/// The low `width` bits (a multiple of 8), their bytes in reverse order.
template <typename W>
constexpr Tnum<W> ByteSwapped(const Tnum<W>& a, unsigned width) {
  using Ops = WordOps<W>;
  Tnum<W> result = Tnum<W>::Constant(Ops::Make(0));
  const Tnum<W> byte = Tnum<W>::Constant(Ops::Make(0xff));
  for (unsigned from = 0; from < width; from += 8) {
    result = result | ShiftLeft(ShiftRight(a, from) & byte, width - 8 - from);
  }
  return result;
}

}  // namespace ebpf::verifier

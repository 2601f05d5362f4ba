// SPDX-License-Identifier: MIT
//
// What the operations of opcodes.def compute. [RFC 9669, sections 4.1 to 4.3]
//
// Everything is computed on unsigned words of the instruction's width, where
// C++ defines overflow; the caller extends a 32-bit result with zeros.
#pragma once

#include <stdint.h>

#include "core/base/bits.h"
#include "core/isa/op.h"

namespace ebpf::interpreter {

using isa::Operation;

template <typename T>
struct SignedOf;
template <>
struct SignedOf<uint32_t> {
  using Type = int32_t;
};
template <>
struct SignedOf<uint64_t> {
  using Type = int64_t;
};
template <typename T>
using Signed = typename SignedOf<T>::Type;

/// Division by zero gives 0; the smallest number by -1 gives itself.
template <typename T>
constexpr T SignedQuotient(T a, T b) {
  if (b == 0) {
    return 0;
  }
  if (b == static_cast<T>(-1)) {
    return T{0} - a;
  }
  return static_cast<T>(static_cast<Signed<T>>(a) / static_cast<Signed<T>>(b));
}

/// The remainder has the sign of `a`; by zero it is `a`.
template <typename T>
constexpr T SignedRemainder(T a, T b) {
  if (b == 0) {
    return a;
  }
  if (b == static_cast<T>(-1)) {
    return 0;
  }
  return static_cast<T>(static_cast<Signed<T>>(a) % static_cast<Signed<T>>(b));
}

/// dst <operation> source, on words of T: Family::kAlu.
template <Operation kOperation, typename T>
constexpr T Compute(T a, T b) {
  constexpr unsigned kShiftMask = sizeof(T) * 8 - 1;
  switch (kOperation) {
    case Operation::kAdd:
      return a + b;
    case Operation::kSub:
      return a - b;
    case Operation::kMul:
      return a * b;
    case Operation::kDiv:
      return b == 0 ? 0 : a / b;
    case Operation::kSDiv:
      return SignedQuotient(a, b);
    case Operation::kOr:
      return a | b;
    case Operation::kAnd:
      return a & b;
    case Operation::kLsh:
      return a << (b & kShiftMask);
    case Operation::kRsh:
      return a >> (b & kShiftMask);
    case Operation::kMod:
      return b == 0 ? a : a % b;
    case Operation::kSMod:
      return SignedRemainder(a, b);
    case Operation::kXor:
      return a ^ b;
    case Operation::kMov:
      return b;
    case Operation::kArsh:
      return static_cast<T>(static_cast<Signed<T>>(a) >> (b & kShiftMask));
    case Operation::kMovSx8:
      return static_cast<T>(SignExtend(b, 8));
    case Operation::kMovSx16:
      return static_cast<T>(SignExtend(b, 16));
    case Operation::kMovSx32:
      return static_cast<T>(SignExtend(b, 32));
    default:
      return 0;
  }
}

/// The low sizeof(T) bytes of `value`, reordered: Family::kByteSwap.
template <Operation kOperation, UnsignedInteger T>
constexpr uint64_t Reorder(uint64_t value) {
  const T word = static_cast<T>(value);
  switch (kOperation) {
    case Operation::kToLe:
      return LittleEndian(word);
    case Operation::kToBe:
      return BigEndian(word);
    default:
      return ByteSwap(word);
  }
}

/// dst <condition> source, on words of T: Family::kJump.
template <Operation kCondition, typename T>
constexpr bool Compare(T a, T b) {
  const auto signed_a = static_cast<Signed<T>>(a);
  const auto signed_b = static_cast<Signed<T>>(b);
  switch (kCondition) {
    case Operation::kEq:
      return a == b;
    case Operation::kGt:
      return a > b;
    case Operation::kGe:
      return a >= b;
    case Operation::kSet:
      return (a & b) != 0;
    case Operation::kNe:
      return a != b;
    case Operation::kSGt:
      return signed_a > signed_b;
    case Operation::kSGe:
      return signed_a >= signed_b;
    case Operation::kLt:
      return a < b;
    case Operation::kLe:
      return a <= b;
    case Operation::kSLt:
      return signed_a < signed_b;
    default:
      return signed_a <= signed_b;
  }
}

}  // namespace ebpf::interpreter

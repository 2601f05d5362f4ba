// SPDX-License-Identifier: MIT
//
// <bit>'s functions that core uses, byte order among them.
#pragma once

#include "core/base/types.h"

namespace ebpf {

template <UnsignedInteger T>
constexpr bool IsPowerOfTwo(T value) {
  return value != 0 && (value & (value - 1)) == 0;
}

/// `value` rounded up to a multiple of `align`, a power of two; wraps on
/// overflow (CheckedAlignUp does not).
template <UnsignedInteger T>
constexpr T AlignUp(T value, T align) {
  return static_cast<T>((value + align - 1) & ~(align - 1));
}

template <UnsignedInteger T>
constexpr T AlignDown(T value, T align) {
  return static_cast<T>(value & ~(align - 1));
}

#if defined(__riscv) && !defined(__riscv_zbb) && !defined(__clang__)
// GCC makes the builtins calls into its own library there.
inline constexpr bool kCountsZeros = false;
#else
inline constexpr bool kCountsZeros = true;
#endif

namespace internal {

/// As std::countl_zero, in halves.
constexpr unsigned CountLeadingZeros(uint64_t value) {
  unsigned count = 0;
  for (unsigned half = 32; half != 0; half /= 2) {
    if (value >> (64 - half) == 0) {
      value <<= half;
      count += half;
    }
  }
  return value == 0 ? 64 : count;
}

}  // namespace internal

/// std::countl_zero of a value that is not 0.
constexpr unsigned CountLeadingZeros(uint64_t value) {
  if constexpr (kCountsZeros) {
    return static_cast<unsigned>(__builtin_clzll(value));
  } else {
    return internal::CountLeadingZeros(value);
  }
}

/// std::countr_zero of a value that is not 0.
constexpr unsigned CountTrailingZeros(uint64_t value) {
  if constexpr (kCountsZeros) {
    return static_cast<unsigned>(__builtin_ctzll(value));
  } else {
    return 63 - internal::CountLeadingZeros(value & (~value + 1));
  }
}

/// std::bit_width.
constexpr unsigned BitWidth(uint64_t value) {
  return value == 0 ? 0 : 64 - CountLeadingZeros(value);
}

/// The power of two that is not below `value`, which is at most 2^63.
constexpr uint64_t RoundUpToPowerOfTwo(uint64_t value) {
  return value <= 1 ? 1 : uint64_t{1} << BitWidth(value - 1);
}

// In shifts, which compilers know as a byte swap: the builtins become calls
// into the compiler's own library where the CPU has no such instruction.
constexpr uint16_t ByteSwap(uint16_t value) {
  return static_cast<uint16_t>(value << 8 | value >> 8);
}
constexpr uint32_t ByteSwap(uint32_t value) {
  return static_cast<uint32_t>(ByteSwap(static_cast<uint16_t>(value))) << 16 |
         ByteSwap(static_cast<uint16_t>(value >> 16));
}
constexpr uint64_t ByteSwap(uint64_t value) {
  return static_cast<uint64_t>(ByteSwap(static_cast<uint32_t>(value))) << 32 |
         ByteSwap(static_cast<uint32_t>(value >> 32));
}

inline constexpr bool kLittleEndian = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__;

/// `value` with its bytes reversed where the machine is big-endian.
template <UnsignedInteger T>
constexpr T LittleEndian(T value) {
  return kLittleEndian ? value : ByteSwap(value);
}
template <UnsignedInteger T>
constexpr T BigEndian(T value) {
  return kLittleEndian ? ByteSwap(value) : value;
}

/// The low `bits` (1..64) of `value`, sign-extended.
constexpr int64_t SignExtend(uint64_t value, unsigned bits) {
  const unsigned shift = 64 - bits;
  return static_cast<int64_t>(value << shift) >> shift;
}

}  // namespace ebpf

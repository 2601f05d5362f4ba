// SPDX-License-Identifier: MIT
//
// Arithmetic on sizes that come from outside: a result, or kOverflow.
#pragma once

#include "core/base/bits.h"
#include "core/base/status.h"

namespace ebpf {

template <Integer T>
constexpr Result<T> CheckedAdd(T a, T b) {
  T sum;
  if (__builtin_add_overflow(a, b, &sum)) {
    return Status::kOverflow;
  }
  return sum;
}

template <Integer T>
constexpr Result<T> CheckedMul(T a, T b) {
  T product;
  if (__builtin_mul_overflow(a, b, &product)) {
    return Status::kOverflow;
  }
  return product;
}

/// `value` rounded up to a multiple of `align`, a power of two.
template <UnsignedInteger T>
constexpr Result<T> CheckedAlignUp(T value, T align) {
  T sum;
  if (__builtin_add_overflow(value, static_cast<T>(align - 1), &sum)) {
    return Status::kOverflow;
  }
  return AlignDown(sum, align);
}

}  // namespace ebpf

// SPDX-License-Identifier: MIT
//
// std::atomic's part that core uses; every operation names its memory order.
#pragma once

#include "core/base/bits.h"
#include "core/base/types.h"

namespace ebpf {

enum class MemoryOrder : int {
  kRelaxed = __ATOMIC_RELAXED,
  kAcquire = __ATOMIC_ACQUIRE,
  kRelease = __ATOMIC_RELEASE,
  kAcqRel = __ATOMIC_ACQ_REL,
  kSeqCst = __ATOMIC_SEQ_CST,
};

inline constexpr MemoryOrder kRelaxed = MemoryOrder::kRelaxed;
inline constexpr MemoryOrder kAcquire = MemoryOrder::kAcquire;
inline constexpr MemoryOrder kRelease = MemoryOrder::kRelease;
inline constexpr MemoryOrder kAcqRel = MemoryOrder::kAcqRel;
inline constexpr MemoryOrder kSeqCst = MemoryOrder::kSeqCst;

#if defined(__riscv) && !defined(__clang__)
// GCC calls its own library for atomics of less than a word there.
inline constexpr size_t kSmallestAtomic = 4;
#else
inline constexpr size_t kSmallestAtomic = 1;
#endif

namespace internal {

/// Atomic::Exchange of a part of an aligned word that others may be in.
template <typename T>
T ExchangeInWord(T* part, T value, MemoryOrder order) {
  constexpr uint32_t kMask = sizeof(T) == 1 ? 0xff : 0xffff;
  auto address = reinterpret_cast<uintptr_t>(part);
  // Or GCC says that the word is not all of what `part` is of.
  __asm__("" : "+r"(address));
  auto* const word = reinterpret_cast<uint32_t*>(address & ~uintptr_t{3});
  const auto bits = static_cast<unsigned>(address & 3) * 8;
  const uint32_t shift = kLittleEndian ? bits : 32 - 8 * sizeof(T) - bits;
  uint32_t expected = __atomic_load_n(word, __ATOMIC_RELAXED);
  uint32_t desired;
  do {
    desired = (expected & ~(kMask << shift)) | static_cast<uint32_t>(value)
                                                   << shift;
  } while (!__atomic_compare_exchange_n(word, &expected, desired, true,
                                        static_cast<int>(order),
                                        __ATOMIC_RELAXED));
  return static_cast<T>(expected >> shift & kMask);
}

}  // namespace internal

/// An integer, bool, enumeration or pointer of at most 8 bytes that several
/// CPUs use. Context: any.
template <typename T>
class Atomic {
 public:
  static_assert(sizeof(T) <= 8);

  constexpr Atomic() : value_{} {}
  constexpr explicit Atomic(T value) : value_(value) {}
  Atomic(const Atomic&) = delete;
  Atomic& operator=(const Atomic&) = delete;

  T Load(MemoryOrder order) const {
    T value;
    __atomic_load(&value_, &value, static_cast<int>(order));
    return value;
  }
  void Store(T value, MemoryOrder order) {
    __atomic_store(&value_, &value, static_cast<int>(order));
  }
  T Exchange(T value, MemoryOrder order) {
    if constexpr (sizeof(T) < kSmallestAtomic) {
      return internal::ExchangeInWord(&value_, value, order);
    } else {
      T old;
      __atomic_exchange(&value_, &value, &old, static_cast<int>(order));
      return old;
    }
  }
  /// Stores `desired` if the value is `expected`; else loads it there.
  /// A failure is ordered kRelaxed, or kAcquire if `order` acquires.
  bool CompareExchange(T& expected, T desired, MemoryOrder order)
    requires(sizeof(T) >= 4)
  {
    return __atomic_compare_exchange(&value_, &expected, &desired, false,
                                     static_cast<int>(order),
                                     FailureOrder(order));
  }
  /// The fetch functions return the value before.
  T FetchAdd(T value, MemoryOrder order)
    requires(sizeof(T) >= 4)
  {
    return __atomic_fetch_add(&value_, value, static_cast<int>(order));
  }
  T FetchSub(T value, MemoryOrder order)
    requires(sizeof(T) >= 4)
  {
    return __atomic_fetch_sub(&value_, value, static_cast<int>(order));
  }
  T FetchOr(T value, MemoryOrder order)
    requires(sizeof(T) >= 4)
  {
    return __atomic_fetch_or(&value_, value, static_cast<int>(order));
  }
  T FetchAnd(T value, MemoryOrder order)
    requires(sizeof(T) >= 4)
  {
    return __atomic_fetch_and(&value_, value, static_cast<int>(order));
  }

 private:
  static constexpr int FailureOrder(MemoryOrder order) {
    switch (order) {
      case MemoryOrder::kRelaxed:
      case MemoryOrder::kRelease:
        return __ATOMIC_RELAXED;
      case MemoryOrder::kSeqCst:
        return __ATOMIC_SEQ_CST;
      default:
        return __ATOMIC_ACQUIRE;
    }
  }

  T value_;
};

/// std::atomic_signal_fence, of both directions: orders the compiler's accesses
/// for traps on this CPU, which see them in the program's order.
inline void TrapFence() { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

/// std::atomic_thread_fence.
inline void ThreadFence(MemoryOrder order) {
  __atomic_thread_fence(static_cast<int>(order));
}

}  // namespace ebpf

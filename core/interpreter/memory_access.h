// SPDX-License-Identifier: MIT
//
// How a program's loads, stores and atomics touch memory, which other CPUs
// touch as well.
#pragma once

#include <stdint.h>

#include "core/base/memory.h"
#include "core/base/types.h"
#include "core/isa/op.h"
#include "core/platform/nofault.h"

namespace ebpf::interpreter {

/// A T at `address`; in one access where it is aligned, as programs on other
/// CPUs expect.
template <UnsignedInteger T>
T Load(uint64_t address) {
  const T* at = reinterpret_cast<const T*>(address);
  if (address % sizeof(T) != 0) [[unlikely]] {
    return LoadUnaligned<T>(reinterpret_cast<const void*>(address));
  }
  return __atomic_load_n(at, __ATOMIC_RELAXED);
}

template <UnsignedInteger T>
void Store(uint64_t address, T value) {
  T* at = reinterpret_cast<T*>(address);
  if (address % sizeof(T) != 0) [[unlikely]] {
    StoreUnaligned(reinterpret_cast<void*>(address), value);
    return;
  }
  __atomic_store_n(at, value, __ATOMIC_RELAXED);
}

/// `value` as a register holds it: with the sign if T has one.
template <typename T>
constexpr uint64_t Extended(T value) {
  return static_cast<uint64_t>(static_cast<int64_t>(value));
}

template <typename T>
struct UnsignedOf {
  using Type = T;
};
template <>
struct UnsignedOf<int8_t> {
  using Type = uint8_t;
};
template <>
struct UnsignedOf<int16_t> {
  using Type = uint16_t;
};
template <>
struct UnsignedOf<int32_t> {
  using Type = uint32_t;
};

/// Family::kLoad, of the T at `address`.
template <typename T>
uint64_t LoadExtended(uint64_t address) {
  return Extended(static_cast<T>(Load<typename UnsignedOf<T>::Type>(address)));
}

/// The same where there may be no memory: 0 then.
template <typename T>
uint64_t LoadProbed(uint64_t address) {
  T value = 0;
  return ebpf_port_read_nofault(&value, address, sizeof(value))
             ? Extended(value)
             : 0;
}

/// Precondition of both: the address is aligned, which the verifier proves.
template <UnsignedInteger T>
T LoadAcquire(uint64_t address) {
  return __atomic_load_n(reinterpret_cast<const T*>(address), __ATOMIC_ACQUIRE);
}
template <UnsignedInteger T>
void StoreRelease(uint64_t address, T value) {
  __atomic_store_n(reinterpret_cast<T*>(address), value, __ATOMIC_RELEASE);
}

/// *address = *address <operation> value, and what was there. Precondition: the
/// address is aligned, which the verifier proves. `kOrder`: as in Linux, full
/// for what gives the old value, none for what does not.
template <isa::Operation kOperation, int kOrder, UnsignedInteger T>
T FetchModify(uint64_t address, T value) {
  T* at = reinterpret_cast<T*>(address);
  switch (kOperation) {
    case isa::Operation::kAdd:
      return __atomic_fetch_add(at, value, kOrder);
    case isa::Operation::kOr:
      return __atomic_fetch_or(at, value, kOrder);
    case isa::Operation::kAnd:
      return __atomic_fetch_and(at, value, kOrder);
    case isa::Operation::kXor:
      return __atomic_fetch_xor(at, value, kOrder);
    default:
      return __atomic_exchange_n(at, value, kOrder);
  }
}

/// *address = desired if it was `expected`; what was there.
template <UnsignedInteger T>
T CompareExchange(uint64_t address, T expected, T desired) {
  __atomic_compare_exchange_n(reinterpret_cast<T*>(address), &expected, desired,
                              false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  return expected;
}

}  // namespace ebpf::interpreter

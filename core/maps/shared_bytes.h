// SPDX-License-Identifier: MIT
//
// Copying to and from memory that other CPUs use meanwhile without a lock.
//
// Keys and values in maps are read by programs while others write them, as in
// Linux. What is read may then be a mixture of old and new, but each aligned
// word, or smaller piece at the end, is one or the other. So all access here is
// by relaxed atomic loads and stores, which cost what plain ones do.
#pragma once

#include "core/base/memory.h"
#include "core/base/span.h"

namespace ebpf::shared_bytes {

namespace internal {

template <typename T>
struct Aliasing {
  using Type [[gnu::may_alias]] = T;
};

template <typename T>
void StorePiece(uint8_t* to, const uint8_t* from) {
  __atomic_store_n(reinterpret_cast<typename Aliasing<T>::Type*>(to),
                   LoadUnaligned<T>(from), __ATOMIC_RELAXED);
}
template <typename T>
T LoadPiece(const uint8_t* from) {
  return __atomic_load_n(
      reinterpret_cast<const typename Aliasing<T>::Type*>(from),
      __ATOMIC_RELAXED);
}

}  // namespace internal

/// Writes `from`, which is the caller's own, to `to`, which is aligned to 8.
/// Context: any.
inline void Store(uint8_t* to, ConstBytes from) {
  const uint8_t* source = from.data();
  size_t at = 0;
  for (; at + 8 <= from.size(); at += 8) {
    internal::StorePiece<uint64_t>(to + at, source + at);
  }
  if ((from.size() & 4) != 0) {
    internal::StorePiece<uint32_t>(to + at, source + at);
    at += 4;
  }
  if ((from.size() & 2) != 0) {
    internal::StorePiece<uint16_t>(to + at, source + at);
    at += 2;
  }
  if ((from.size() & 1) != 0) {
    internal::StorePiece<uint8_t>(to + at, source + at);
  }
}

/// Writes zeros to `size` bytes, a multiple of 8, at `to`, which is aligned to
/// 8. Context: any.
inline void Zero(uint8_t* to, size_t size) {
  constexpr uint8_t kZeros[8] = {};
  for (size_t at = 0; at < size; at += 8) {
    internal::StorePiece<uint64_t>(to + at, kZeros);
  }
}

/// Reads `to.size()` bytes from `from`, which is aligned to 8, into memory of
/// the caller's own. Context: any.
inline void Load(Bytes to, const uint8_t* from) {
  uint8_t* target = to.data();
  size_t at = 0;
  for (; at + 8 <= to.size(); at += 8) {
    StoreUnaligned(target + at, internal::LoadPiece<uint64_t>(from + at));
  }
  if ((to.size() & 4) != 0) {
    StoreUnaligned(target + at, internal::LoadPiece<uint32_t>(from + at));
    at += 4;
  }
  if ((to.size() & 2) != 0) {
    StoreUnaligned(target + at, internal::LoadPiece<uint16_t>(from + at));
    at += 2;
  }
  if ((to.size() & 1) != 0) {
    target[at] = internal::LoadPiece<uint8_t>(from + at);
  }
}

/// Whether the bytes at `shared`, aligned to 8, are `own` now. Context: any.
inline bool Equal(const uint8_t* shared, ConstBytes own) {
  const uint8_t* other = own.data();
  size_t at = 0;
  for (; at + 8 <= own.size(); at += 8) {
    if (internal::LoadPiece<uint64_t>(shared + at) !=
        LoadUnaligned<uint64_t>(other + at)) {
      return false;
    }
  }
  if ((own.size() & 4) != 0) {
    if (internal::LoadPiece<uint32_t>(shared + at) !=
        LoadUnaligned<uint32_t>(other + at)) {
      return false;
    }
    at += 4;
  }
  for (; at < own.size(); ++at) {
    if (internal::LoadPiece<uint8_t>(shared + at) != other[at]) {
      return false;
    }
  }
  return true;
}

}  // namespace ebpf::shared_bytes

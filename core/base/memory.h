// SPDX-License-Identifier: MIT
//
// Copying, comparing and loading of raw bytes.
#pragma once

#include "core/base/span.h"

// The compiler calls these four itself; every kernel has them.
extern "C" {
void* memcpy(void* to, const void* from, size_t size) noexcept;
void* memmove(void* to, const void* from, size_t size) noexcept;
void* memset(void* to, int value, size_t size) noexcept;
int memcmp(const void* a, const void* b, size_t size) noexcept;
}

namespace ebpf {

/// Copies `size` bytes between places that do not overlap. Null pointers are
/// allowed when size is 0.
inline void CopyBytes(void* to, const void* from, size_t size) {
  if (size != 0) {
    memcpy(to, from, size);
  }
}

inline void FillBytes(void* to, uint8_t value, size_t size) {
  if (size != 0) {
    memset(to, value, size);
  }
}

inline bool EqualBytes(ConstBytes a, ConstBytes b) {
  return a.size() == b.size() &&
         (a.empty() || memcmp(a.data(), b.data(), a.size()) == 0);
}

inline bool AllZero(ConstBytes bytes) {
  for (uint8_t byte : bytes) {
    if (byte != 0) {
      return false;
    }
  }
  return true;
}

/// Reads a T from memory of any alignment, in the machine's byte order. The
/// builtin is an instruction or a few; memcpy, where there is no C library, is
/// a call.
template <TriviallyCopyable T>
T LoadUnaligned(const void* from) {
  T value;
  __builtin_memcpy(&value, from, sizeof(T));
  return value;
}

template <TriviallyCopyable T>
void StoreUnaligned(void* to, T value) {
  __builtin_memcpy(to, &value, sizeof(T));
}

}  // namespace ebpf

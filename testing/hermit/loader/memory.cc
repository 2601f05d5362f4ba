// SPDX-License-Identifier: MIT
//
// The four functions that the compiler calls by itself, for the loader.
#include "core/base/memory.h"

#include <stddef.h>
#include <stdint.h>

// Without the attribute the compiler would turn each loop into a call of the
// function that it stands in.
#define LOADER_NO_BUILTIN __attribute__((no_builtin))

extern "C" {

LOADER_NO_BUILTIN void* memcpy(void* to, const void* from,
                               size_t size) noexcept {
  return memmove(to, from, size);
}

LOADER_NO_BUILTIN void* memmove(void* to, const void* from,
                                size_t size) noexcept {
  auto* out = static_cast<uint8_t*>(to);
  const auto* in = static_cast<const uint8_t*>(from);
  if (out <= in) {
    for (size_t i = 0; i < size; ++i) {
      out[i] = in[i];
    }
  } else {
    for (size_t i = size; i > 0; --i) {
      out[i - 1] = in[i - 1];
    }
  }
  return to;
}

LOADER_NO_BUILTIN void* memset(void* to, int value, size_t size) noexcept {
  auto* out = static_cast<uint8_t*>(to);
  for (size_t i = 0; i < size; ++i) {
    out[i] = static_cast<uint8_t>(value);
  }
  return to;
}

LOADER_NO_BUILTIN int memcmp(const void* a, const void* b,
                             size_t size) noexcept {
  const auto* left = static_cast<const uint8_t*>(a);
  const auto* right = static_cast<const uint8_t*>(b);
  for (size_t i = 0; i < size; ++i) {
    if (left[i] != right[i]) {
      return left[i] - right[i];
    }
  }
  return 0;
}

}  // extern "C"

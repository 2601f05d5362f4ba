// SPDX-License-Identifier: MIT
//
// The four functions that a compiler may call; every kernel has them.
#include <stddef.h>
#include <stdint.h>

extern "C" {

[[gnu::used]] void* memcpy(void* to, const void* from, size_t size) noexcept {
  auto* d = static_cast<uint8_t*>(to);
  auto* s = static_cast<const uint8_t*>(from);
  while (size-- != 0) {
    *d++ = *s++;
  }
  return to;
}

[[gnu::used]] void* memmove(void* to, const void* from, size_t size) noexcept {
  auto* d = static_cast<uint8_t*>(to);
  auto* s = static_cast<const uint8_t*>(from);
  if (d < s) {
    while (size-- != 0) {
      *d++ = *s++;
    }
  } else {
    while (size-- != 0) {
      d[size] = s[size];
    }
  }
  return to;
}

[[gnu::used]] void* memset(void* to, int value, size_t size) noexcept {
  auto* d = static_cast<uint8_t*>(to);
  while (size-- != 0) {
    *d++ = static_cast<uint8_t>(value);
  }
  return to;
}

[[gnu::used]] int memcmp(const void* a, const void* b, size_t size) noexcept {
  auto* p = static_cast<const uint8_t*>(a);
  auto* q = static_cast<const uint8_t*>(b);
  for (; size != 0; --size, ++p, ++q) {
    if (*p != *q) {
      return *p < *q ? -1 : 1;
    }
  }
  return 0;
}

}  // extern "C"

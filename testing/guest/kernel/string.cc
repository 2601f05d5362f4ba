// SPDX-License-Identifier: MIT
//
// The four functions that a compiler may call; every kernel has them. By words
// where that is easy: what costs are compared with has no loops of bytes.
#include <stddef.h>
#include <stdint.h>

namespace {

using Word [[gnu::may_alias]] = uint64_t;
constexpr size_t kWordSize = sizeof(Word);

size_t Misalignment(const void* address) {
  return reinterpret_cast<uintptr_t>(address) % kWordSize;
}

}  // namespace

extern "C" {

[[gnu::used]] void* memcpy(void* to, const void* from, size_t size) noexcept {
  auto* d = static_cast<uint8_t*>(to);
  auto* s = static_cast<const uint8_t*>(from);
  if (Misalignment(d) == Misalignment(s)) {
    for (; size != 0 && Misalignment(d) != 0; --size) {
      *d++ = *s++;
    }
    for (; size >= kWordSize; size -= kWordSize) {
      *reinterpret_cast<Word*>(d) = *reinterpret_cast<const Word*>(s);
      d += kWordSize;
      s += kWordSize;
    }
  }
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
  for (; size != 0 && Misalignment(d) != 0; --size) {
    *d++ = static_cast<uint8_t>(value);
  }
  constexpr Word kEachByte = ~Word{0} / UINT8_MAX;
  for (; size >= kWordSize; size -= kWordSize) {
    *reinterpret_cast<Word*>(d) = static_cast<uint8_t>(value) * kEachByte;
    d += kWordSize;
  }
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

// SPDX-License-Identifier: MIT
//
// The x86-64 instructions that C++ has no name for. [intel/vol2]
#pragma once

#include <stdint.h>

namespace guest::x86_64 {

inline void Out8(uint16_t port, uint8_t value) {
  asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

inline void Out16(uint16_t port, uint16_t value) {
  asm volatile("outw %0, %1" : : "a"(value), "Nd"(port));
}

inline uint8_t In8(uint16_t port) {
  uint8_t value;
  asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

inline uint64_t ReadTsc() {
  uint32_t low;
  uint32_t high;
  asm volatile("rdtsc" : "=a"(low), "=d"(high));
  return low | uint64_t{high} << 32;
}

inline uint64_t ReadCr2() {
  uint64_t value;
  asm volatile("movq %%cr2, %0" : "=r"(value));
  return value;
}

inline uint64_t ReadCr3() {
  uint64_t value;
  asm volatile("movq %%cr3, %0" : "=r"(value));
  return value;
}

inline void WriteCr3(uint64_t value) {
  asm volatile("movq %0, %%cr3" : : "r"(value) : "memory");
}

inline uint64_t ReadFlags() {
  uint64_t value;
  asm volatile("pushfq; popq %0" : "=r"(value) : : "memory");
  return value;
}

inline constexpr uint64_t kInterruptFlag = 1u << 9;

}  // namespace guest::x86_64

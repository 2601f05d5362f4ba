// SPDX-License-Identifier: MIT
//
// The firmware's console, and QEMU's power switch. [sbi: chapter 5, Legacy
// Extensions]
#include "testing/hermit/loader/console.h"

namespace hermit {
namespace {

constexpr uint64_t kPutCharacter = 1;
constexpr uint64_t kTestDevice = 0x00100000;
constexpr uint32_t kFailed = 1 << 16 | 0x3333;

}  // namespace

void PrintCharacter(char character) {
  register uint64_t a0 asm("a0") = static_cast<uint8_t>(character);
  register uint64_t a7 asm("a7") = kPutCharacter;
  asm volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
}

void PowerOff() {
  *reinterpret_cast<volatile uint32_t*>(kTestDevice) = kFailed;
  for (;;) {
    asm volatile("wfi");
  }
}

}  // namespace hermit

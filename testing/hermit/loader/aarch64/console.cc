// SPDX-License-Identifier: MIT
#include "testing/hermit/loader/aarch64/console.h"

namespace hermit {
namespace {

constexpr uint32_t kPsciSystemOff = 0x84000008;

void PrintCharacter(char character) {
  *reinterpret_cast<volatile uint32_t*>(kSerialPort) =
      static_cast<uint8_t>(character);
}

}  // namespace

void Print(const char* text) {
  for (; *text != 0; ++text) {
    PrintCharacter(*text);
  }
}

void PrintHex(uint64_t value) {
  Print("0x");
  int shift = 60;
  while (shift > 0 && value >> shift == 0) {
    shift -= 4;
  }
  for (; shift >= 0; shift -= 4) {
    PrintCharacter("0123456789abcdef"[(value >> shift) & 15]);
  }
}

void Fail(const char* why) {
  Print("[LOADER] fatal: ");
  Print(why);
  Print("\n");
  register uint64_t function asm("x0") = kPsciSystemOff;
  asm volatile("hvc #0" : "+r"(function) : : "memory");
  for (;;) {
    asm volatile("wfe");
  }
}

}  // namespace hermit

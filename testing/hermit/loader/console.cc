// SPDX-License-Identifier: MIT
#include "testing/hermit/loader/console.h"

namespace hermit {

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
  PowerOff();
}

}  // namespace hermit

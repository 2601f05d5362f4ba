// SPDX-License-Identifier: MIT
//
// Serial port and end of QEMU.
#include <stdint.h>

#include "testing/guest/kernel/machine.h"
#include "testing/guest/x86_64/registers.h"

namespace guest::machine {

using namespace x86_64;

void PutChar(char c) {
  constexpr uint16_t kCom1 = 0x3f8;
  constexpr uint8_t kTransmitterEmpty = 0x20;
  while ((In8(kCom1 + 5) & kTransmitterEmpty) == 0) {
  }
  Out8(kCom1, static_cast<uint8_t>(c));
}

void Exit(uint8_t code) {
  constexpr uint16_t kDebugExit = 0xf4;  // -device isa-debug-exit
  Out8(kDebugExit, code);                // QEMU's status is 2 * code + 1
  for (;;) {
    asm volatile("cli; hlt");
  }
}

}  // namespace guest::machine

// SPDX-License-Identifier: MIT
//
// The serial port of QEMU's virt machine, and its power switch.
#include "testing/hermit/loader/console.h"

namespace hermit {
namespace {

/// Where the PL011 is: it is used before the device tree has told.
constexpr uint64_t kSerialPort = 0x09000000;
constexpr uint32_t kPsciSystemOff = 0x84000008;

}  // namespace

void PrintCharacter(char character) {
  *reinterpret_cast<volatile uint32_t*>(kSerialPort) =
      static_cast<uint8_t>(character);
}

void PowerOff() {
  register uint64_t function asm("x0") = kPsciSystemOff;
  asm volatile("hvc #0" : "+r"(function) : : "memory");
  for (;;) {
    asm volatile("wfe");
  }
}

}  // namespace hermit

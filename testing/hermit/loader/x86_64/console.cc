// SPDX-License-Identifier: MIT
//
// The first serial port of a PC, and QEMU's isa-debug-exit.
#include "testing/hermit/loader/console.h"

namespace hermit {
namespace {

constexpr uint16_t kSerialPort = 0x3f8;
constexpr uint16_t kLineStatus = kSerialPort + 5;
constexpr uint8_t kEmpty = 0x20;
constexpr uint16_t kDebugExit = 0xf4;

void Out(uint16_t port, uint8_t value) {
  asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

uint8_t In(uint16_t port) {
  uint8_t value;
  asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
  return value;
}

}  // namespace

void PrintCharacter(char character) {
  while ((In(kLineStatus) & kEmpty) == 0) {
  }
  Out(kSerialPort, static_cast<uint8_t>(character));
}

void PowerOff() {
  Out(kDebugExit, 1);
  for (;;) {
    asm volatile("cli; hlt");
  }
}

}  // namespace hermit

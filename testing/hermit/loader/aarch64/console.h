// SPDX-License-Identifier: MIT
//
// The serial port of QEMU's virt machine, and its power switch.
#pragma once

#include <stdint.h>

namespace hermit {

/// Where the PL011 is until the device tree has told.
inline constexpr uint64_t kSerialPort = 0x09000000;

void Print(const char* text);
void PrintHex(uint64_t value);

/// Says `[LOADER] fatal: why` and turns the machine off.
[[noreturn]] void Fail(const char* why);

}  // namespace hermit

// SPDX-License-Identifier: MIT
//
// What the loader says.
#pragma once

#include <stdint.h>

namespace hermit {

void Print(const char* text);
void PrintHex(uint64_t value);

/// Says `[LOADER] fatal: why` and ends the machine.
[[noreturn]] void Fail(const char* why);

// Of the CPU's folder.

void PrintCharacter(char character);
[[noreturn]] void PowerOff();

}  // namespace hermit

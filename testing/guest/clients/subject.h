// SPDX-License-Identifier: MIT
//
// The functions that clients.bpf.c and many.bpf.c name, in assembly: of the
// first, the instruction at 0x10 is the fifth on every CPU.
#pragma once

#include <stdint.h>

extern "C" {

/// The sum of its numbers. `text` is only passed.
long client_subject(long first, int second, uint16_t third, uint8_t fourth,
                    const char* text);

/// Its argument and 1.
long client_second(long number);

}  // extern "C"

// SPDX-License-Identifier: MIT
//
// testing/guest/freshness/fresh_code.h for AArch64.
#include "testing/guest/freshness/fresh_code.h"

// mov w0, #number; ret
asm(R"(
        .pushsection .text
        .balign 4096
        .globl  guest_fresh_code
        .type   guest_fresh_code, %function
guest_fresh_code:
        mov     w0, #0
        ret
        .size   guest_fresh_code, . - guest_fresh_code
        .balign 4096
        .popsection
)");

namespace guest::freshness {

// movz w0, #number. [arm/arm: MOVZ]
Word WordFor(uint32_t number) {
  return {.bits = 0x52800000 | number << 5, .offset = 0};
}

}  // namespace guest::freshness

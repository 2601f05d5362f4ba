// SPDX-License-Identifier: MIT
//
// testing/guest/freshness/fresh_code.h for RISC-V.
#include "testing/guest/freshness/fresh_code.h"

// lui a0, number; srliw a0, a0, 12; ret
asm(R"(
        .pushsection .text
        .balign 4096
        .globl  guest_fresh_code
        .type   guest_fresh_code, @function
        .option push
        .option norvc
guest_fresh_code:
        lui     a0, 0
        srliw   a0, a0, 12
        ret
        .option pop
        .size   guest_fresh_code, . - guest_fresh_code
        .balign 4096
        .popsection
)");

namespace guest::freshness {

// lui a0, number. [riscv/unpriv: LUI]
Word WordFor(uint32_t number) {
  return {.bits = number << 12 | 10 << 7 | 0x37, .offset = 0};
}

}  // namespace guest::freshness

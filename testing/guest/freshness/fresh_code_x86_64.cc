// SPDX-License-Identifier: MIT
//
// testing/guest/freshness/fresh_code.h for x86-64.
#include "testing/guest/freshness/fresh_code.h"

// mov $number, %eax; ret, with the number at a multiple of 4.
asm(R"(
        .pushsection .text
        .balign 4096
        .globl  guest_fresh_code
        .type   guest_fresh_code, @function
guest_fresh_code:
        nopl    (%rax)
        movl    $0, %eax
        ret
        .size   guest_fresh_code, . - guest_fresh_code
        .balign 4096
        .popsection
)");

namespace guest::freshness {

Word WordFor(uint32_t number) { return {.bits = number, .offset = 4}; }

}  // namespace guest::freshness

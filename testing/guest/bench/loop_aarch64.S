// SPDX-License-Identifier: MIT
//
// testing/guest/bench/figures.h's loop for AArch64.

        .macro  begin name
        .balign 64
        .globl  \name
        .type   \name, @function
\name:
        .endm

        .macro  end name
        .size   \name, . - \name
        .endm

        .text
        begin   bench_nothing
        ret
        end     bench_nothing

        // x0: the function, x1: how often.
        begin   bench_loop
        stp     x29, x30, [sp, #-32]!
        mov     x29, sp
        stp     x19, x20, [sp, #16]
        mov     x19, x0
        mov     x20, x1
3:      blr     x19
        subs    x20, x20, #1
        b.ne    3b
        ldp     x19, x20, [sp, #16]
        ldp     x29, x30, [sp], #32
        ret
        end     bench_loop

        .section .note.GNU-stack, "", @progbits

// SPDX-License-Identifier: MIT
//
// testing/guest/bench/figures.h's loop for RISC-V.

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

        // a0: the function, a1: how often.
        begin   bench_loop
        addi    sp, sp, -32
        sd      ra, 24(sp)
        sd      s0, 16(sp)
        sd      s1, 8(sp)
        mv      s0, a0
        mv      s1, a1
3:      jalr    s0
        addi    s1, s1, -1
        bnez    s1, 3b
        ld      ra, 24(sp)
        ld      s0, 16(sp)
        ld      s1, 8(sp)
        addi    sp, sp, 32
        ret
        end     bench_loop

        .section .note.GNU-stack, "", @progbits

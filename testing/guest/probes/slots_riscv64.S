// SPDX-License-Identifier: MIT
//
// The functions of preempted_guest_test.cc on RISC-V. Their slots may be farther
// away than a jal reaches: then 8 bytes are covered, and a2 is dead before, t1
// behind. In SlotBarrier and SlotOther the second instruction is a branch, which no jump
// covers.
        .option norelax
        .option norvc

        .macro begin name
        .balign 16
        .globl \name
        .type \name, @function
\name:
        .endm

        .macro end name
        addi a0, a2, 0
        addi t1, zero, 1
        ret
        .size \name, . - \name
        .endm

        .text
        begin SlotMultiply
        mul a2, a0, a1
        end SlotMultiply

        begin SlotBarrier
        .option rvc
        c.or a0, a0
        c.beqz a0, 1f
        .option norvc
1:      mul a2, a0, a1
        end SlotBarrier

        begin SlotOther
        .option rvc
        c.or a0, a0
        c.beqz a0, 1f
        .option norvc
1:      xor a2, a0, a1
        end SlotOther

        begin SlotXor
        xor a2, a0, a1
        end SlotXor

        begin SlotOr
        or a2, a0, a1
        end SlotOr

        .section .rodata
        .balign 4
        .globl SlotUnmask
SlotUnmask:
        .word 0                         // not in the trampoline
        .section .note.GNU-stack, "", @progbits

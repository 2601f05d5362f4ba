// SPDX-License-Identifier: MIT
//
// testing/guest/clients/subject.h on RISC-V, whose callers have extended the
// arguments.

        .text
        .balign 16
        .globl  client_subject
        .type   client_subject, @function
client_subject:
        .option push
        .option norvc
        .rept   4
        nop
        .endr
        add     a0, a0, a1
        add     a0, a0, a2
        add     a0, a0, a3
        ret
        .option pop
        .size   client_subject, . - client_subject

        .balign 16
        .globl  client_second
        .type   client_second, @function
client_second:
        addi    a0, a0, 1
        ret
        .size   client_second, . - client_second

        .section .note.GNU-stack, "", %progbits

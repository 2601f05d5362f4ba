// SPDX-License-Identifier: MIT
//
// testing/guest/clients/subject.h on AArch64.

        .text
        .balign 16
        .globl  client_subject
        .type   client_subject, @function
client_subject:
        .rept   4
        nop
        .endr
        add     x0, x0, w1, sxtw
        add     x0, x0, w2, uxth
        add     x0, x0, w3, uxtb
        ret
        .size   client_subject, . - client_subject

        .balign 16
        .globl  client_second
        .type   client_second, @function
client_second:
        add     x0, x0, #1
        ret
        .size   client_second, . - client_second

        .section .note.GNU-stack, "", %progbits

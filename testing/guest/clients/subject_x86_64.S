// SPDX-License-Identifier: MIT
//
// testing/guest/clients/subject.h on x86-64.

        .text
        .balign 16
        .globl  client_subject
        .type   client_subject, @function
client_subject:
        .rept   4
        .byte   0x0f, 0x1f, 0x40, 0x00  // nopl 0(%rax), the longer form
        .endr
        movslq  %esi, %rax
        addq    %rdi, %rax
        movzwl  %dx, %edx
        addq    %rdx, %rax
        movzbl  %cl, %ecx
        addq    %rcx, %rax
        ret
        .size   client_subject, . - client_subject

        .balign 16
        .globl  client_second
        .type   client_second, @function
client_second:
        leaq    1(%rdi), %rax
        ret
        .size   client_second, . - client_second

        .section .note.GNU-stack, "", %progbits

// SPDX-License-Identifier: MIT
//
// testing/guest/bench/figures.h's loop for x86-64.

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

        // rdi: the function, rsi: how often.
        begin   bench_loop
        push    %rbx
        push    %r12
        push    %r13
        mov     %rdi, %rbx
        mov     %rsi, %r12
3:      call    *%rbx
        dec     %r12
        jnz     3b
        pop     %r13
        pop     %r12
        pop     %rbx
        ret
        end     bench_loop

        .section .note.GNU-stack, "", @progbits

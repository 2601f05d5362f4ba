// SPDX-License-Identifier: MIT
//
// The functions of testing/hermit/probes/preempted_hermit_test.cc on x86-64. A
// detour covers what comes before the ret; in SlotBarrier and SlotOther there
// is a jump into what it would cover.
        .macro begin name
        .balign 16
        .globl \name
        .type \name, @function
\name:
        .endm

        .macro end name
        .size \name, . - \name
        .endm

        .text
        begin SlotMultiply
        movl %edi, %eax
        imull %esi, %eax
        ret
        end SlotMultiply

        begin SlotBarrier
        orl %edi, %edi
1:      movl %edi, %eax
        imull %esi, %eax
        ret
        jmp 1b
        end SlotBarrier

        begin SlotOther
        orl %edi, %edi
1:      movl %edi, %eax
        xorq %rsi, %rax
        ret
        jmp 1b
        end SlotOther

        begin SlotXor
        movl %edi, %eax
        xorq %rsi, %rax
        ret
        end SlotXor

        begin SlotOr
        movl %edi, %eax
        orq %rsi, %rax
        ret
        end SlotOr

        .section .note.GNU-stack, "", @progbits

// SPDX-License-Identifier: MIT
//
// A breakpoint with every register known before it and seen after it.

        // Order of both arrays: rax rbx rcx rdx rsi rdi rbp r8 ... r15 rflags
        // rsp: 17 words. `in`'s rsp is not loaded: the stack is the caller's.
        .text
        .globl break_with_all_registers
        .type break_with_all_registers, @function
break_with_all_registers:               // rdi: in, rsi: out
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        pushfq
        movq    %rsi, saved_out(%rip)
        movq    %rsp, saved_rsp(%rip)
        pushq   15 * 8(%rdi)
        popfq
        movq    0 * 8(%rdi), %rax
        movq    1 * 8(%rdi), %rbx
        movq    2 * 8(%rdi), %rcx
        movq    3 * 8(%rdi), %rdx
        movq    4 * 8(%rdi), %rsi
        movq    6 * 8(%rdi), %rbp
        movq    7 * 8(%rdi), %r8
        movq    8 * 8(%rdi), %r9
        movq    9 * 8(%rdi), %r10
        movq    10 * 8(%rdi), %r11
        movq    11 * 8(%rdi), %r12
        movq    12 * 8(%rdi), %r13
        movq    13 * 8(%rdi), %r14
        movq    14 * 8(%rdi), %r15
        movq    5 * 8(%rdi), %rdi
        .globl break_with_all_registers_at
break_with_all_registers_at:
        int3
        ud2                             // the hook sets rip past this
        .globl break_with_all_registers_continue
break_with_all_registers_continue:
        movq    %rsp, seen_rsp(%rip)
        movq    saved_rsp(%rip), %rsp
        pushfq
        pushq   %rax
        movq    saved_out(%rip), %rax
        popq    0 * 8(%rax)
        popq    15 * 8(%rax)
        movq    %rbx, 1 * 8(%rax)
        movq    %rcx, 2 * 8(%rax)
        movq    %rdx, 3 * 8(%rax)
        movq    %rsi, 4 * 8(%rax)
        movq    %rdi, 5 * 8(%rax)
        movq    %rbp, 6 * 8(%rax)
        movq    %r8, 7 * 8(%rax)
        movq    %r9, 8 * 8(%rax)
        movq    %r10, 9 * 8(%rax)
        movq    %r11, 10 * 8(%rax)
        movq    %r12, 11 * 8(%rax)
        movq    %r13, 12 * 8(%rax)
        movq    %r14, 13 * 8(%rax)
        movq    %r15, 14 * 8(%rax)
        movq    seen_rsp(%rip), %rcx
        movq    %rcx, 16 * 8(%rax)
        popfq
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
        .size break_with_all_registers, . - break_with_all_registers

        // Breakpoint with the stack pointer lowered by rdi bytes and 64 bytes
        // there filled with 0x5a; returns whether they are still so.
        .globl break_with_stack_offset
        .type break_with_stack_offset, @function
break_with_stack_offset:
        pushq   %rbp
        movq    %rsp, %rbp
        subq    $256, %rsp
        subq    %rdi, %rsp
        movq    %rsp, %rsi
        xorl    %ecx, %ecx
1:      movb    $0x5a, (%rsi, %rcx)
        incl    %ecx
        cmpl    $64, %ecx
        jne     1b
        int3
        xorl    %eax, %eax
        cmpq    %rsp, %rsi
        jne     3f
        xorl    %ecx, %ecx
2:      cmpb    $0x5a, (%rsi, %rcx)
        jne     3f
        incl    %ecx
        cmpl    $64, %ecx
        jne     2b
        movl    $1, %eax
3:      movq    %rbp, %rsp
        popq    %rbp
        ret
        .size break_with_stack_offset, . - break_with_stack_offset

        .bss
        .balign 8
saved_out:
        .skip   8
saved_rsp:
        .skip   8
seen_rsp:
        .skip   8

        .section .note.GNU-stack, "", @progbits

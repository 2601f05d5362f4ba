// SPDX-License-Identifier: MIT
//
// Context switch, and accesses that may fault. Names as in thread.cc.

        .text
        // rdi: where to keep the stack pointer, rsi: that of the next thread.
        // The saved pc lies above the six registers (kSavedPcOffset).
        .globl x86_switch_stack
        .type x86_switch_stack, @function
x86_switch_stack:
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
        .size x86_switch_stack, . - x86_switch_stack

        // Where a new thread begins: rbx holds its entry, r12 the argument.
        .globl x86_thread_start
        .type x86_thread_start, @function
x86_thread_start:
        xorl    %ebp, %ebp
        movq    %r12, %rdi
        callq   *%rbx
        ud2
        .size x86_thread_start, . - x86_thread_start

        // bool (uintptr_t address, uint8_t value)
        .globl x86_try_store, x86_try_store_insn
        .type x86_try_store, @function
x86_try_store:
x86_try_store_insn:
        movb    %sil, (%rdi)
        movl    $1, %eax
        ret
        .size x86_try_store, . - x86_try_store

        // bool (uintptr_t address, uint8_t* value)
        .globl x86_try_load, x86_try_load_insn
        .type x86_try_load, @function
x86_try_load:
x86_try_load_insn:
        movb    (%rdi), %al
        movb    %al, (%rsi)
        movl    $1, %eax
        ret
        .size x86_try_load, . - x86_try_load

        // bool (uintptr_t code)
        .globl x86_try_call
        .type x86_try_call, @function
x86_try_call:
        subq    $8, %rsp
        callq   *%rdi
        addq    $8, %rsp
        movl    $1, %eax
        ret
        // The call has pushed its way back before it faulted.
        .globl x86_try_call_fault
x86_try_call_fault:
        addq    $16, %rsp
        .globl x86_try_fault
x86_try_fault:
        xorl    %eax, %eax
        ret
        .size x86_try_call, . - x86_try_call

        .section .note.GNU-stack, "", @progbits

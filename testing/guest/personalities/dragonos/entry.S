// SPDX-License-Identifier: MIT
//
// Trap entry and return with DragonOS's frame of 24 words
// (ports/dragonos/x86_64/trap_frame.h).
//
// The CPU aligns the stack down to 16 bytes and pushes its words right there:
// below the interrupted stack pointer there is no gap. iretq sets the stack
// pointer from the frame.

        .section .text.entry, "ax", @progbits
        .balign 16
        .globl guest_trap_entry
guest_trap_entry:
        .set vector, 0
        .rept 256
        .balign 16
        .if vector == 3
        .globl dragonos_trap_int3       // a label of its own in DragonOS
dragonos_trap_int3:
        .endif
        .if (vector != 8) && (vector != 10) && (vector != 11) && (vector != 12) && (vector != 13) && (vector != 14) && (vector != 17) && (vector != 21) && (vector != 29) && (vector != 30)
        pushq   $0                      // in place of an error code
        .endif
        pushq   $vector                 // becomes `func`
        jmp     trap_common
        .set vector, vector + 1
        .endr

trap_common:
        cld
        pushq   %rax
        movl    %es, %eax
        pushq   %rax
        movl    %ds, %eax
        pushq   %rax
        pushq   %rbp
        pushq   %rdi
        pushq   %rsi
        pushq   %rdx
        pushq   %rcx
        pushq   %rbx
        pushq   %r8
        pushq   %r9
        pushq   %r10
        pushq   %r11
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        movl    $0x10, %eax
        movl    %eax, %ds
        movl    %eax, %es
        // 24 words below an aligned address: the stack is aligned for a call.
        movq    17 * 8(%rsp), %rdx      // vector
        leaq    dragonos_handlers(%rip), %rax
        movq    (%rax, %rdx, 8), %rax
        movq    %rax, 17 * 8(%rsp)
        movq    %rsp, %rdi              // frame
        movq    18 * 8(%rsp), %rsi      // error code
        callq   *%rax
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %r11
        popq    %r10
        popq    %r9
        popq    %r8
        popq    %rbx
        popq    %rcx
        popq    %rdx
        popq    %rsi
        popq    %rdi
        popq    %rbp
        popq    %rax
        movl    %eax, %ds
        popq    %rax
        movl    %eax, %es
        popq    %rax
        addq    $16, %rsp               // func, errcode
        iretq

        .section .note.GNU-stack, "", @progbits

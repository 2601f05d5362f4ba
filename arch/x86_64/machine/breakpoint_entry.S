// SPDX-License-Identifier: MIT
//
// The breakpoint's own entry (core/capi/ebpf.h): from what the CPU pushed to
// pt_regs and back, without the kernel's own entry. It goes back by POPF and
// RET, where that does the same as IRET, which takes several times as long, and
// would read words that an emulated push has written.
#include "arch/x86_64/machine/pt_regs.inc"

        // From what the CPU pushed.
        .set pushed_cs, 8
        .set ring, 3

        .set interrupt_flag_bit, 9
        // TF, NT, RF, VM, VIF, VIP: IRET alone does with them what is right.
        .set odd_flags, 0x1b4100

        .section ebpf_noprobe, "ax", %progbits
        .globl ebpf_breakpoint_entry
        .type ebpf_breakpoint_entry, @function

        .balign 64
ebpf_breakpoint_entry:
        testb $ring, pushed_cs(%rsp)
        jne of_user
        push $-1                        // orig_rax
        push_registers
        cld
        mov %rsp, %rdi
        // The CPU has aligned the stack before it pushed; a word is missing now.
        // This one is a call's, so that there is one for the RET at the end: the
        // CPU predicts where its callers return to by counting them.
        call 1f
        ud2
1:      call ebpf_on_breakpoint
        lea 8(%rsp), %rsp
        test %al, %al
        je not_ours

        mov regs_flags(%rsp), %rcx
        mov regs_rsp(%rsp), %rdx
        lea regs_flags(%rsp), %rax
        test $odd_flags, %ecx
        jne by_iret
        // The two words below the sp to be are free where they are above what
        // is yet to be loaded; and everywhere below sp some NMI may write.
        cmp %rax, %rdx
        jb by_iret
        mov regs_rip(%rsp), %rax
        mov %rax, -8(%rdx)
        lea -16(%rdx), %rdx
        mov %rdx, regs_orig_rax(%rsp)
        btr $interrupt_flag_bit, %rcx
        mov %rcx, (%rdx)
        jc 2f
        pop_registers
        pop %rsp
        popfq
        ret
        // Interrupts stay masked until the RET is done, as IRET would: registers
        // may lead into a slot. STI lets one more instruction pass.
2:      pop_registers
        pop %rsp
        popfq
        sti
        ret

        // What the CPU pushed may be gone: IRET gets it anew, below the rest.
by_iret:
        mov %rsp, %rsi
        mov %ss, %eax
        push %rax
        push %rdx
        push %rcx
        push regs_cs(%rsi)
        push regs_rip(%rsi)
        mov 0(%rsi), %r15
        mov 8(%rsi), %r14
        mov 16(%rsi), %r13
        mov 24(%rsi), %r12
        mov 32(%rsi), %rbp
        mov 40(%rsi), %rbx
        mov 48(%rsi), %r11
        mov 56(%rsi), %r10
        mov 64(%rsi), %r9
        mov 72(%rsi), %r8
        mov 80(%rsi), %rax
        mov 88(%rsi), %rcx
        mov 96(%rsi), %rdx
        mov 112(%rsi), %rdi
        mov 104(%rsi), %rsi
        iretq

not_ours:
        pop_registers
        lea 8(%rsp), %rsp
of_user:
        jmp ebpf_port_breakpoint_entry
        .size ebpf_breakpoint_entry, . - ebpf_breakpoint_entry
        .section .note.GNU-stack, "", %progbits

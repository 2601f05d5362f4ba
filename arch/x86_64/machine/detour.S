// SPDX-License-Identifier: MIT
//
// What the slots of detours call: arch/x86_64/detour.h. Interrupts are masked,
// and the flags are on the stack, above the address in the slot; here pt_regs
// is made without a trap. Registers that pt_regs has are all given back, since
// consumers may change them; sp only where they want to go on elsewhere.
        // struct pt_regs, arch/x86_64/pt_regs.h.
        .set regs_orig_rax, 120
        .set regs_rip, 128
        .set regs_cs, 136
        .set regs_flags, 144
        .set regs_rsp, 152
        .set regs_ss, 160
        .set regs_size, 168

        // Above it.
        .set in_slot, regs_size
        .set flags, regs_size + 8
        .set frame_size, regs_size + 16

        // In the slot, from where the call returns to.
        .set to_slot, -7
        .set to_distance, 21

        .section .ebpf.noprobe, "ax", %progbits
        .globl ebpf_detour_begin
        .hidden ebpf_detour_begin
        .globl ebpf_detour_end
        .hidden ebpf_detour_end
        .globl ebpf_detour_leave_begin
        .hidden ebpf_detour_leave_begin
        .globl ebpf_detour_leave_end
        .hidden ebpf_detour_leave_end

        .macro restore_registers
        pop %r15
        pop %r14
        pop %r13
        pop %r12
        pop %rbp
        pop %rbx
        pop %r11
        pop %r10
        pop %r9
        pop %r8
        pop %rax
        pop %rcx
        pop %rdx
        pop %rsi
        pop %rdi
        .endm

        .balign 16
        .type ebpf_detour_begin, %function
ebpf_detour_begin:
        sub $40, %rsp                   // ss, rsp, flags, cs, rip
        push $-1                        // orig_rax
        push %rdi
        push %rsi
        push %rdx
        push %rcx
        push %rax
        push %r8
        push %r9
        push %r10
        push %r11
        push %rbx
        push %rbp
        push %r12
        push %r13
        push %r14
        push %r15
        cld
        mov in_slot(%rsp), %rbx
        movslq to_distance(%rbx), %rax
        lea to_slot(%rbx, %rax), %rax
        mov %rax, regs_rip(%rsp)
        mov flags(%rsp), %rax
        mov %rax, regs_flags(%rsp)
        lea frame_size(%rsp), %rax
        mov %rax, regs_rsp(%rsp)
        mov %ss, %eax
        mov %rax, regs_ss(%rsp)
        mov %cs, %eax
        mov %rax, regs_cs(%rsp)
        mov %rsp, %rdi
        mov %rsp, %rbx
        and $-16, %rsp
        call ebpf_detour_hit
        mov %rbx, %rsp
        mov regs_flags(%rsp), %rcx
        test %al, %al
        jne 1f
        mov %rcx, flags(%rsp)
        restore_registers
        lea 48(%rsp), %rsp              // orig_rax, rip, cs, flags, rsp, ss
        ret

        // A consumer wants to go on elsewhere, perhaps behind a return: with
        // another sp, which is above. Interrupts stay masked up to where
        // nobody is taken for one who returns into a slot.
1:      mov regs_rip(%rsp), %rdx
        mov regs_rsp(%rsp), %rax
        mov %rdx, -8(%rax)
        mov %rcx, -16(%rax)
        lea -16(%rax), %rax
        mov %rax, regs_rsp(%rsp)
        restore_registers
        mov regs_rsp - regs_orig_rax(%rsp), %rsp
        jmp ebpf_detour_leave_begin
        .size ebpf_detour_begin, . - ebpf_detour_begin
ebpf_detour_end:

        .type ebpf_detour_leave_begin, %function
ebpf_detour_leave_begin:
        popfq
        ret
        .size ebpf_detour_leave_begin, . - ebpf_detour_leave_begin
ebpf_detour_leave_end:
        .section .note.GNU-stack, "", %progbits

// SPDX-License-Identifier: MIT
//
// What the slots of detours call: arch/x86_64/detour.h. Interrupts are masked,
// and the flags are on the stack, above the address in the slot; here pt_regs
// is made without a trap. Registers that pt_regs has are all given back, since
// consumers may change them; sp only where they want to go on elsewhere.
#include "arch/x86_64/machine/pt_regs.inc"

        // Above it.
        .set in_slot, regs_size
        .set flags, regs_size + 8
        .set frame_size, regs_size + 16

        // In the slot, from where the call returns to.
        .set to_slot, -7
        .set to_distance, 21

        .section ebpf_noprobe, "ax", %progbits
        .globl ebpf_detour_begin
        .hidden ebpf_detour_begin
        .globl ebpf_detour_end
        .hidden ebpf_detour_end

        .balign 16
        .type ebpf_detour_begin, %function
ebpf_detour_begin:
        sub $40, %rsp                   // ss, rsp, flags, cs, rip
        push $-1                        // orig_rax
        push_registers
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
        pop_registers
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
        pop_registers
        mov regs_rsp - regs_orig_rax(%rsp), %rsp
        jmp detour_leave
        .size ebpf_detour_begin, . - ebpf_detour_begin
ebpf_detour_end:

        .type detour_leave, %function
detour_leave:
        popfq
        ret
        .size detour_leave, . - detour_leave
        .section .note.GNU-stack, "", %progbits

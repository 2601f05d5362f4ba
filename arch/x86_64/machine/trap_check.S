// SPDX-License-Identifier: MIT
//
// See core/machine/trap_check.h.

        // Of the structs there.
        .equ    kWords, 0
        .equ    kFlags, 144
        .equ    kSp, 152
        .equ    kStack, 288
        .equ    kStackCount, 928
        .equ    kCameTo, 936
        .equ    kStackWords, 16
        .equ    kMaxStackWords, 80
        .equ    kOwnFlags, 0x8d5
        // Of ebpf_trap_check_state.
        .equ    kAfter, 0
        .equ    kSavedSp, 8
        .equ    kNewSp, 16
        .equ    kMark, 24

        .macro  global name
        .globl  \name
        .hidden \name
        .endm

        // All but rax and rdi, between them and the words at \at.
        .macro  each_but_rax_rdi op, at
        \op     %r15, 0(\at)
        \op     %r14, 8(\at)
        \op     %r13, 16(\at)
        \op     %r12, 24(\at)
        \op     %rbp, 32(\at)
        \op     %rbx, 40(\at)
        \op     %r11, 48(\at)
        \op     %r10, 56(\at)
        \op     %r9, 64(\at)
        \op     %r8, 72(\at)
        \op     %rcx, 88(\at)
        \op     %rdx, 96(\at)
        \op     %rsi, 104(\at)
        .endm
        .macro  load register, place
        movq    \place, \register
        .endm

        .text
        global  ebpf_trap_check
        .type   ebpf_trap_check, @function
ebpf_trap_check:                        // rdi: before, rsi: after
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        pushfq
        movq    %rsi, kAfter + ebpf_trap_check_state(%rip)
        movq    %rsp, kSavedSp + ebpf_trap_check_state(%rip)
        subq    $(8 * kStackWords), %rsp
        xorl    %ecx, %ecx
1:      movq    kStack(%rdi, %rcx, 8), %rax
        movq    %rax, (%rsp, %rcx, 8)
        incl    %ecx
        cmpl    $kStackWords, %ecx
        jne     1b
        movq    %rsp, kSp(%rdi)
        pushfq
        popq    %rax
        andq    $~kOwnFlags, %rax
        orq     kFlags(%rdi), %rax
        pushq   %rax
        popfq
        each_but_rax_rdi load, %rdi
        movq    80(%rdi), %rax
        movq    112(%rdi), %rdi
        global  ebpf_trap_check_place
ebpf_trap_check_place:
        .byte   0xeb, 0x00              // jmp to the next
        global  ebpf_trap_check_next
ebpf_trap_check_next:
        movq    $1, kMark + ebpf_trap_check_state(%rip)
        jmp     2f
        global  ebpf_trap_check_elsewhere
ebpf_trap_check_elsewhere:
        movq    $2, kMark + ebpf_trap_check_state(%rip)
2:      movq    %rsp, kNewSp + ebpf_trap_check_state(%rip)
        pushfq
        pushq   %rax
        movq    kAfter + ebpf_trap_check_state(%rip), %rax
        popq    80(%rax)
        popq    kFlags(%rax)
        movq    %rdi, 112(%rax)
        each_but_rax_rdi movq, %rax
        movq    kMark + ebpf_trap_check_state(%rip), %rcx
        movq    %rcx, kCameTo(%rax)
        movq    kNewSp + ebpf_trap_check_state(%rip), %rcx
        movq    %rcx, kSp(%rax)
        movq    kSavedSp + ebpf_trap_check_state(%rip), %rdx
        xorl    %esi, %esi
3:      cmpq    %rdx, %rcx
        jae     4f
        cmpl    $kMaxStackWords, %esi
        je      4f
        movq    (%rcx), %rdi
        movq    %rdi, kStack(%rax, %rsi, 8)
        addq    $8, %rcx
        incl    %esi
        jmp     3b
4:      movq    %rsi, kStackCount(%rax)
        movq    %rdx, %rsp
        popfq
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        ret
        .size   ebpf_trap_check, . - ebpf_trap_check

        .bss
        .balign 16
        global  ebpf_trap_check_state
ebpf_trap_check_state:
        .skip   32

        .section .note.GNU-stack, "", @progbits

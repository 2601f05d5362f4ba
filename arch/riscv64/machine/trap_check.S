// SPDX-License-Identifier: MIT
//
// See core/machine/trap_check.h.

        // Of the structs there.
        .equ    kStatus, 256
        .equ    kStack, 288
        .equ    kStackCount, 928
        .equ    kCameTo, 936
        .equ    kStackWords, 16
        .equ    kMaxStackWords, 80

        .macro  global name
        .globl  \name
        .hidden \name
        .endm

        // x1 and x5 to x29: sp, gp and tp stay as they are.
        .macro  up_to_x29 op, at
        \op     x1, 8(\at)
        \op     x5, 40(\at)
        \op     x6, 48(\at)
        \op     x7, 56(\at)
        \op     x8, 64(\at)
        \op     x9, 72(\at)
        \op     x10, 80(\at)
        \op     x11, 88(\at)
        \op     x12, 96(\at)
        \op     x13, 104(\at)
        \op     x14, 112(\at)
        \op     x15, 120(\at)
        \op     x16, 128(\at)
        \op     x17, 136(\at)
        \op     x18, 144(\at)
        \op     x19, 152(\at)
        \op     x20, 160(\at)
        \op     x21, 168(\at)
        \op     x22, 176(\at)
        \op     x23, 184(\at)
        \op     x24, 192(\at)
        \op     x25, 200(\at)
        \op     x26, 208(\at)
        \op     x27, 216(\at)
        \op     x28, 224(\at)
        \op     x29, 232(\at)
        .endm

        .macro  saved op
        \op     ra, 0(sp)
        \op     s0, 8(sp)
        \op     s1, 16(sp)
        \op     s2, 24(sp)
        \op     s3, 32(sp)
        \op     s4, 40(sp)
        \op     s5, 48(sp)
        \op     s6, 56(sp)
        \op     s7, 64(sp)
        \op     s8, 72(sp)
        \op     s9, 80(sp)
        \op     s10, 88(sp)
        \op     s11, 96(sp)
        .endm

        .text
        .option norvc
        .option norelax
        .balign 4
        global  ebpf_trap_check
        .type   ebpf_trap_check, @function
ebpf_trap_check:                        // a0: before, a1: after
        addi    sp, sp, -112
        saved   sd
        lla     t0, ebpf_trap_check_state
        sd      a1, 0(t0)
        sd      sp, 8(t0)
        addi    sp, sp, -8 * kStackWords
        mv      t0, a0
        mv      t1, sp
        addi    t2, sp, 8 * kStackWords
1:      ld      t3, kStack(t0)
        sd      t3, 0(t1)
        addi    t0, t0, 8
        addi    t1, t1, 8
        bne     t1, t2, 1b
        sd      sp, 16(a0)
        sd      gp, 24(a0)
        sd      tp, 32(a0)
        csrr    t0, sstatus
        sd      t0, kStatus(a0)
        mv      x31, a0
        up_to_x29 ld, x31
        ld      x30, 240(x31)
        ld      x31, 248(x31)
        global  ebpf_trap_check_place
ebpf_trap_check_place:
        j       9f
        global  ebpf_trap_check_next
ebpf_trap_check_next:
9:
        addi    sp, sp, -16
        sd      x31, 0(sp)
        li      x31, 1
        j       2f
        global  ebpf_trap_check_elsewhere
ebpf_trap_check_elsewhere:
        addi    sp, sp, -16
        sd      x31, 0(sp)
        li      x31, 2
2:      sd      x30, 8(sp)
        lla     x30, ebpf_trap_check_state
        ld      x30, 0(x30)
        sd      x31, kCameTo(x30)
        up_to_x29 sd, x30
        sd      gp, 24(x30)
        sd      tp, 32(x30)
        csrr    t0, sstatus
        sd      t0, kStatus(x30)
        ld      t0, 8(sp)
        sd      t0, 240(x30)
        ld      t0, 0(sp)
        sd      t0, 248(x30)
        addi    sp, sp, 16
        sd      sp, 16(x30)
        mv      t0, sp
        lla     t1, ebpf_trap_check_state
        ld      t1, 8(t1)
        mv      t2, x30
        li      t3, 0
        li      t4, kMaxStackWords
3:      bgeu    t0, t1, 4f
        beq     t3, t4, 4f
        ld      t5, 0(t0)
        sd      t5, kStack(t2)
        addi    t0, t0, 8
        addi    t2, t2, 8
        addi    t3, t3, 1
        j       3b
4:      lla     t0, ebpf_trap_check_state
        ld      t0, 0(t0)
        sd      t3, kStackCount(t0)
        mv      sp, t1
        saved   ld
        addi    sp, sp, 112
        ret
        .size   ebpf_trap_check, . - ebpf_trap_check

        .bss
        .balign 16
        global  ebpf_trap_check_state
ebpf_trap_check_state:
        .skip   32

        .section .note.GNU-stack, "", @progbits

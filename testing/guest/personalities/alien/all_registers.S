// SPDX-License-Identifier: MIT
//
// A breakpoint with every register full, for the test of the port's frame.

        // struct: 32 words to load, 32 words to find (x0 and x2 are not used).
        .equ    kIn, 0
        .equ    kOut, 256
        .equ    kFrame, 128

        .macro  each_but_t6, op, offset
        \op     x1, (\offset + 8)(x31)
        \op     x5, (\offset + 40)(x31)
        \op     x6, (\offset + 48)(x31)
        \op     x7, (\offset + 56)(x31)
        \op     x8, (\offset + 64)(x31)
        \op     x9, (\offset + 72)(x31)
        \op     x10, (\offset + 80)(x31)
        \op     x11, (\offset + 88)(x31)
        \op     x12, (\offset + 96)(x31)
        \op     x13, (\offset + 104)(x31)
        \op     x14, (\offset + 112)(x31)
        \op     x15, (\offset + 120)(x31)
        \op     x16, (\offset + 128)(x31)
        \op     x17, (\offset + 136)(x31)
        \op     x18, (\offset + 144)(x31)
        \op     x19, (\offset + 152)(x31)
        \op     x20, (\offset + 160)(x31)
        \op     x21, (\offset + 168)(x31)
        \op     x22, (\offset + 176)(x31)
        \op     x23, (\offset + 184)(x31)
        \op     x24, (\offset + 192)(x31)
        \op     x25, (\offset + 200)(x31)
        \op     x26, (\offset + 208)(x31)
        \op     x27, (\offset + 216)(x31)
        \op     x28, (\offset + 224)(x31)
        \op     x29, (\offset + 232)(x31)
        \op     x30, (\offset + 240)(x31)
        .endm

        .text
        // void BreakWithAllRegisters(struct*): x4 (tp) stays, it is the hart.
        .globl  BreakWithAllRegisters
        .type   BreakWithAllRegisters, @function
BreakWithAllRegisters:
        addi    sp, sp, -kFrame
        sd      ra, 0(sp)
        sd      s0, 8(sp)
        sd      s1, 16(sp)
        sd      s2, 24(sp)
        sd      s3, 32(sp)
        sd      s4, 40(sp)
        sd      s5, 48(sp)
        sd      s6, 56(sp)
        sd      s7, 64(sp)
        sd      s8, 72(sp)
        sd      s9, 80(sp)
        sd      s10, 88(sp)
        sd      s11, 96(sp)
        sd      gp, 104(sp)
        sd      a0, 112(sp)
        mv      x31, a0
        ld      x3, (kIn + 24)(x31)
        each_but_t6 ld, kIn
        ld      x31, (kIn + 248)(x31)
        .globl  BreakWithAllRegistersAt
BreakWithAllRegistersAt:
        .option push
        .option norvc
        ebreak
        .option pop
        // A breakpoint that is claimed and sent one instruction too far would
        // leave this out.
        sd      x31, 120(sp)
        ld      x31, 112(sp)
        sd      x3, (kOut + 24)(x31)
        each_but_t6 sd, kOut
        ld      x5, 120(sp)
        sd      x5, (kOut + 248)(x31)
        sd      sp, (kOut + 16)(x31)
        ld      ra, 0(sp)
        ld      s0, 8(sp)
        ld      s1, 16(sp)
        ld      s2, 24(sp)
        ld      s3, 32(sp)
        ld      s4, 40(sp)
        ld      s5, 48(sp)
        ld      s6, 56(sp)
        ld      s7, 64(sp)
        ld      s8, 72(sp)
        ld      s9, 80(sp)
        ld      s10, 88(sp)
        ld      s11, 96(sp)
        ld      gp, 104(sp)
        addi    sp, sp, kFrame
        ret
        .size   BreakWithAllRegisters, . - BreakWithAllRegisters

        // int PatchedFunction(void): what the tests write over.
        .balign 4
        .globl  PatchedFunction
        .type   PatchedFunction, @function
PatchedFunction:
        .option push
        .option norvc
        li      a0, 1
        .option pop
        ret
        .size   PatchedFunction, . - PatchedFunction

        // One of another page.
        .balign 4096
        .globl  FarFunction
        .type   FarFunction, @function
FarFunction:
        .option push
        .option norvc
        li      a0, 1
        .option pop
        ret
        .size   FarFunction, . - FarFunction

        // A function that lies on two pages, and its instruction too.
        .balign 4096
        .skip   4094
        .globl  StraddlingFunction
        .type   StraddlingFunction, @function
StraddlingFunction:
        .option push
        .option norvc
        li      a0, 1
        .option pop
        ret
        .size   StraddlingFunction, . - StraddlingFunction

        .section .note.GNU-stack, "", @progbits

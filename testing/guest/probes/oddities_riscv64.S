// SPDX-License-Identifier: MIT
//
// Instructions of RISC-V that a compiler seldom makes, or never in one place.
// None is left out by a run: each branch is taken once and not taken once.

        .text
        .balign 4
        .globl  probed_nothing
        .type   probed_nothing, @function
probed_nothing:
        ret
        .size   probed_nothing, . - probed_nothing

        .balign 4
        .globl  probed_oddities
        .type   probed_oddities, @function
probed_oddities:
        // sp by short and long forms, and stores below and above it.
        addi    sp, sp, -64
        c.addi16sp sp, -32
        c.sdsp  ra, 0(sp)
        sd      s0, 8(sp)
        c.swsp  a0, 16(sp)
        c.addi4spn s0, sp, 24
        c.sd    a1, 0(s0)
        c.ld    a2, 0(s0)
        c.lw    a3, 0(s0)
        c.lwsp  a4, 16(sp)
        add     a2, a2, a4
        add     a2, a2, a3
        // Relative to pc.
        auipc   a5, 0
        auipc   t0, 1
        sub     t0, t0, a5
        add     a2, a2, t0
        jal     t1, 1f
        addi    a2, a2, 1000
1:      la      t2, 2f
        jalr    t1, 0(t2)
        addi    a2, a2, 2000
2:      sub     t1, t1, a5
        add     a2, a2, t1
        c.j     3f
        addi    a2, a2, 100
3:      la      t2, 4f
        c.jr    t2
        addi    a2, a2, 200
4:      la      t2, 5f
        c.jalr  t2
        addi    a2, a2, 300
5:      sub     t1, ra, a5
        add     a2, a2, t1
        // jalr whose target register it writes too.
        la      t2, 6f
        jalr    t2, 0(t2)
        nop
6:      sub     t2, t2, a5
        add     a2, a2, t2
        // Branches, both ways.
        li      t3, 2
7:      addi    t3, t3, -1
        beqz    t3, 8f
        bnez    t3, 7b
8:      c.mv    a3, a0
        c.andi  a3, 1
        c.beqz  a3, 9f
        addi    a2, a2, 3
9:      c.bnez  a3, 10f
        addi    a2, a2, 4
10:     blt     a0, a1, 11f
        addi    a2, a2, 5
11:     bge     a0, a1, 12f
        addi    a2, a2, 6
12:     bltu    a0, a1, 13f
        addi    a2, a2, 7
13:     bgeu    a0, a1, 14f
        addi    a2, a2, 8
14:     beq     a0, a0, 15f
        addi    a2, a2, 9
15:     bne     a0, a0, 16f
        addi    a2, a2, 10
16:     // Words, shifts, upper immediates.
        lui     a3, 0x12345
        c.lui   a4, 3
        addw    a3, a3, a0
        c.addw  a3, a4
        c.subw  a3, a4
        c.addiw a3, 5
        sraiw   a4, a3, 3
        c.srai  a3, 2
        c.srli  a3, 1
        c.slli  a3, 3
        mulhu   a4, a0, a1
        add     a2, a2, a3
        xor     a2, a2, a4
        // Atomics that are no pairs.
        la      t0, counter
        amoadd.d t1, a0, (t0)
        amoswap.d t1, zero, (t0)
        add     a2, a2, t1
        fence
        c.nop
        c.li    a4, -3
        add     a2, a2, a4
        c.mv    a0, a2
        ld      ra, 0(sp)
        c.ldsp  s0, 8(sp)
        c.addi16sp sp, 32
        addi    sp, sp, 64
        ret
        .size   probed_oddities, . - probed_oddities

        .data
        .balign 8
counter:
        .dword  0

        .section .note.GNU-stack, "", @progbits

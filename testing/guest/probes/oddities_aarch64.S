// SPDX-License-Identifier: MIT
//
// Instructions of AArch64 that a compiler seldom makes, or never in one place.

        .text
        .balign 4
        .globl  probed_nothing
        .type   probed_nothing, @function
probed_nothing:
        ret
        .size   probed_nothing, . - probed_nothing

        // Data in text, which no function has in it.
        .balign 8
2:      .quad   0x123456789abcdef0
3:      .word   0x87654321

        .globl  probed_oddities
        .type   probed_oddities, @function
probed_oddities:
        // sp written, before and after a store, by the largest steps there are.
        stp     x29, x30, [sp, #-512]!
        str     x19, [sp, #-16]!
        mov     x29, sp
        sub     sp, sp, #256
        str     x0, [sp]
        stp     x0, x1, [sp, #16]
        ldr     x2, [sp], #16
        ldp     x3, x4, [sp], #16
        add     x2, x2, x3
        sub     x2, x2, x4
        // Relative to pc.
        adr     x5, .
        adr     x6, 1f
        sub     x6, x6, x5
        add     x2, x2, x6
        adrp    x7, number
        ldr     x8, [x7, :lo12:number]
        add     x2, x2, x8
        ldr     x9, 2b
        ldr     w10, 2b
        ldrsw   x11, 3b
        prfm    pldl1keep, 2b
        add     x2, x2, x9
        eor     x2, x2, x10
        add     x2, x2, x11
        b       1f
        add     x2, x2, #50
1:      bl      4f
        add     x2, x2, #1
        b       5f
4:      sub     x12, x30, x5
        add     x2, x2, x12
        ret
5:      adr     x13, 6f
        blr     x13
        adr     x13, 7f
        br      x13
        add     x2, x2, #100
6:      sub     x12, x30, x5
        add     x2, x2, x12
        ret     x30
7:      // blr to the register that it writes.
        adr     x30, 8f
        blr     x30
        nop
8:      sub     x12, x30, x5
        add     x2, x2, x12
        // Branches, both ways.
        mov     x14, #2
9:      subs    x14, x14, #1
        b.eq    10f
        b.ne    9b
10:     cbz     x14, 11f
        add     x2, x2, #3
11:     cbnz    x14, 12f
        add     x2, x2, #4
12:     tbz     x0, #0, 13f
        add     x2, x2, #5
13:     tbnz    x0, #0, 14f
        add     x2, x2, #6
14:     tbz     x0, #63, 15f
        add     x2, x2, #7
15:     cmp     x0, x1
        b.hi    16f
        b.lt    16f
        b.vs    16f
        add     x2, x2, #8
16:     // Flags through arithmetic, and their use.
        adds    x15, x0, x1
        adc     x16, x0, xzr
        csel    x17, x0, x1, mi
        csinc   x15, x15, x17, cs
        ccmp    x0, x1, #4, ne
        cset    x12, ge
        add     x2, x2, x15
        eor     x2, x2, x16
        add     x2, x2, x12
        mrs     x12, nzcv
        add     x2, x2, x12
        umulh   x12, x0, x1
        eor     x2, x2, x12
        dmb     ish
        hint    #0
        mov     x0, x2
        mov     sp, x29
        ldr     x19, [sp], #16
        ldp     x29, x30, [sp], #504
        add     sp, sp, #8
        ret
        .size   probed_oddities, . - probed_oddities

        .section .rodata, "a", %progbits
        .balign 8
number: .quad   0x0102030405060708

        .section .note.GNU-stack, "", %progbits

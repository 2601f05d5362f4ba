// SPDX-License-Identifier: MIT
//
// The vectors, and a trap stub of our own that can do all that a probe may
// ask: it leaves 512 bytes below the interrupted sp alone, where an emulated
// `stp ..., [sp, #-n]!` writes, and it takes sp from the frame.

        .equ    kGap, 512
        .equ    kFrame, 288             // struct TrapFrame
        .equ    kSp, 248
        .equ    kPc, 256

        .macro  vector kind
        .balign 128
        sub     sp, sp, #(kGap + kFrame)
        stp     x0, x1, [sp, #0]
        mov     x1, #\kind
        b       plain_trap_entry
        .endm

        .text
        .balign 2048
        .globl  guest_trap_entry
guest_trap_entry:
        // Current EL with SP_EL0, which nobody here uses.
        vector  4
        vector  4
        vector  4
        vector  4
        // Current EL with SP_EL1: synchronous, IRQ, FIQ, SError.
        vector  0
        vector  1
        vector  2
        vector  3
        // Lower ELs, which there are none of.
        .rept   8
        vector  4
        .endr

        .globl  plain_trap_entry
        .type   plain_trap_entry, @function
plain_trap_entry:
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x19, [sp, #144]
        stp     x20, x21, [sp, #160]
        stp     x22, x23, [sp, #176]
        stp     x24, x25, [sp, #192]
        stp     x26, x27, [sp, #208]
        stp     x28, x29, [sp, #224]
        add     x2, sp, #(kGap + kFrame)
        stp     x30, x2, [sp, #240]     // x30 and sp
        mrs     x2, elr_el1
        mrs     x3, spsr_el1
        stp     x2, x3, [sp, #kPc]
        mov     x0, sp
        mov     x29, #0
        bl      PlainTrap

        ldp     x2, x3, [sp, #kPc]
        msr     elr_el1, x2
        msr     spsr_el1, x3
        // x0 and x1 go below the sp to be, which may reach into the last 16
        // bytes of the frame: nothing is there.
        ldr     x0, [sp, #kSp]
        ldp     x2, x3, [sp, #0]
        stp     x2, x3, [x0, #-16]!
        ldp     x2, x3, [sp, #16]
        ldp     x4, x5, [sp, #32]
        ldp     x6, x7, [sp, #48]
        ldp     x8, x9, [sp, #64]
        ldp     x10, x11, [sp, #80]
        ldp     x12, x13, [sp, #96]
        ldp     x14, x15, [sp, #112]
        ldp     x16, x17, [sp, #128]
        ldp     x18, x19, [sp, #144]
        ldp     x20, x21, [sp, #160]
        ldp     x22, x23, [sp, #176]
        ldp     x24, x25, [sp, #192]
        ldp     x26, x27, [sp, #208]
        ldp     x28, x29, [sp, #224]
        ldr     x30, [sp, #240]
        mov     sp, x0
        ldp     x0, x1, [sp], #16
        eret
        .globl  plain_trap_end
plain_trap_end:
        .size   plain_trap_entry, . - plain_trap_entry

        .section .note.GNU-stack, "", @progbits

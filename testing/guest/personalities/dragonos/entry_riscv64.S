// SPDX-License-Identifier: MIT
//
// Trap entry and return with DragonOS's frame of 36 words
// (ports/dragonos/riscv64/trap_frame.h): right below the interrupted stack, and
// the way back takes sp from it, as every register.
//
// (The real one parks two stack pointers where tp points to, which nobody sees.)

        .equ    kFrame, 288
        .equ    kSp, 16
        .equ    kStatus, 256
        .equ    kFaultAddress, 264
        .equ    kCause, 272
        .equ    kOriginalA0, 280

        .section .text.entry, "ax", @progbits
        .balign 4
        .globl  guest_trap_entry
        .type   guest_trap_entry, @function
guest_trap_entry:
        addi    sp, sp, -kFrame
        sd      x1, 8(sp)
        sd      x3, 24(sp)
        sd      x4, 32(sp)
        sd      x5, 40(sp)
        sd      x6, 48(sp)
        sd      x7, 56(sp)
        sd      x8, 64(sp)
        sd      x9, 72(sp)
        sd      x10, 80(sp)
        sd      x11, 88(sp)
        sd      x12, 96(sp)
        sd      x13, 104(sp)
        sd      x14, 112(sp)
        sd      x15, 120(sp)
        sd      x16, 128(sp)
        sd      x17, 136(sp)
        sd      x18, 144(sp)
        sd      x19, 152(sp)
        sd      x20, 160(sp)
        sd      x21, 168(sp)
        sd      x22, 176(sp)
        sd      x23, 184(sp)
        sd      x24, 192(sp)
        sd      x25, 200(sp)
        sd      x26, 208(sp)
        sd      x27, 216(sp)
        sd      x28, 224(sp)
        sd      x29, 232(sp)
        sd      x30, 240(sp)
        sd      x31, 248(sp)
        addi    t0, sp, kFrame
        sd      t0, kSp(sp)
        csrr    t0, sepc
        csrr    t1, sstatus
        csrr    t2, stval
        csrr    t3, scause
        sd      t0, 0(sp)
        sd      t1, kStatus(sp)
        sd      t2, kFaultAddress(sp)
        sd      t3, kCause(sp)
        sd      a0, kOriginalA0(sp)
        mv      a0, sp
        call    riscv64_do_irq

        ld      t0, 0(sp)
        // What was loaded with a reservation before the trap is not stored
        // after it.
        sc.d    zero, t0, (sp)
        ld      t1, kStatus(sp)
        csrw    sepc, t0
        csrw    sstatus, t1
        ld      x1, 8(sp)
        ld      x3, 24(sp)
        ld      x4, 32(sp)
        ld      x5, 40(sp)
        ld      x6, 48(sp)
        ld      x7, 56(sp)
        ld      x8, 64(sp)
        ld      x9, 72(sp)
        ld      x10, 80(sp)
        ld      x11, 88(sp)
        ld      x12, 96(sp)
        ld      x13, 104(sp)
        ld      x14, 112(sp)
        ld      x15, 120(sp)
        ld      x16, 128(sp)
        ld      x17, 136(sp)
        ld      x18, 144(sp)
        ld      x19, 152(sp)
        ld      x20, 160(sp)
        ld      x21, 168(sp)
        ld      x22, 176(sp)
        ld      x23, 184(sp)
        ld      x24, 192(sp)
        ld      x25, 200(sp)
        ld      x26, 208(sp)
        ld      x27, 216(sp)
        ld      x28, 224(sp)
        ld      x29, 232(sp)
        ld      x30, 240(sp)
        ld      x31, 248(sp)
        ld      sp, kSp(sp)
        sret
        .size   guest_trap_entry, . - guest_trap_entry

        .section .note.GNU-stack, "", @progbits

// SPDX-License-Identifier: MIT
//
// The entry of traps taken in the kernel, with the frame and the faults of
// Alien's kernel_v: struct alien_ktrap_frame (ports/alien/kernel.h) is built
// on the stack that was interrupted, x0 and x2 are not stored, and sp is left
// where it was found, whatever the handler thinks of it.

        .equ    kFrame, 272
        .equ    kSstatus, 256
        .equ    kSepc, 264

        .text
        .balign 4
        .globl  guest_trap_entry
        .globl  kernel_v
        .type   guest_trap_entry, @function
        .type   kernel_v, @function
guest_trap_entry:
kernel_v:
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
        csrr    t0, sstatus
        csrr    t1, sepc
        sd      t0, kSstatus(sp)
        sd      t1, kSepc(sp)
        mv      a0, sp
        call    do_kernel_handle
        ld      t0, kSstatus(sp)
        ld      t1, kSepc(sp)
        csrw    sstatus, t0
        csrw    sepc, t1
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
        addi    sp, sp, kFrame
        sret
        .size   kernel_v, . - kernel_v

        // Alien's user trampoline has a page of its own in the text. There is
        // no user here, only the page.
        .section .text.trampoline, "ax", @progbits
        .globl  trampoline
        .type   trampoline, @function
trampoline:
        unimp
        .size   trampoline, . - trampoline

        .section .note.GNU-stack, "", @progbits

// SPDX-License-Identifier: MIT
//
// Where OpenSBI enters the image, in supervisor mode, translation off:
// a0 is the hart, a1 the device tree. [sbi: Boot hart]

        .section .text.boot, "ax", @progbits
        .globl  _start
_start:
        csrw    sie, zero
        csrw    sscratch, zero
        mv      tp, a0
        la      sp, guest_boot_stack_top
        la      t0, guest_trap_entry
        csrw    stvec, t0
        li      fp, 0
        mv      a0, a1
        call    Riscv64Boot
        unimp

        // The boot stack is 64 KiB, as Alien's.
        .section .bss.boot_stack, "aw", @nobits
        .balign 16
        .globl  guest_boot_stack
        .globl  guest_boot_stack_top
guest_boot_stack:
        .skip   65536
guest_boot_stack_top:

        .section .note.GNU-stack, "", @progbits

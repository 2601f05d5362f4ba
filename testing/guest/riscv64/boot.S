// SPDX-License-Identifier: MIT
//
// Where OpenSBI enters the image, in supervisor mode, translation off:
// a0 is the hart, a1 the device tree. [sbi: Boot hart] Whichever hart it is,
// it is CPU 0: tp has a CPU's number. And where it starts the other harts.

        .section .text.boot, "ax", @progbits
        .globl  _start
_start:
        csrw    sie, zero
        csrw    sscratch, zero
        li      tp, 0
        la      sp, guest_boot_stack_top
        la      t0, guest_trap_entry
        csrw    stvec, t0
        li      fp, 0
        call    Riscv64Boot
        unimp

        // a0 is the hart, a1 points to what StartCpu() (cpu.cc) left: satp,
        // stack top, number. [sbi: Hart State Management]
        .globl  Riscv64SecondaryStart
Riscv64SecondaryStart:
        csrw    sie, zero
        csrw    sscratch, zero
        ld      t0, 0(a1)
        csrw    satp, t0
        sfence.vma
        la      t0, guest_trap_entry
        csrw    stvec, t0
        ld      sp, 8(a1)
        ld      tp, 16(a1)
        li      fp, 0
        mv      a0, a1
        call    Riscv64SecondaryBoot
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

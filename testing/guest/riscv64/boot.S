// SPDX-License-Identifier: MIT
//
// Where each hart begins, in supervisor mode, translation off: a0 is the hart.
// [sbi: Boot hart, Hart State Management] The first is CPU 0, whichever hart it
// is, and has the device tree in a1; the others are those that StartCpu()
// (cpu.cc) starts, one at a time. tp has a CPU's number.
//
// One entry for both, since OpenSBI 1.1 lets a hart go before it has written
// where to: one that comes at that moment enters where the first one did, with
// the first one's a1.

        .section .text.boot, "ax", @progbits
        .globl  _start
_start:
        csrw    sie, zero
        csrw    sscratch, zero
        li      fp, 0
        la      t0, guest_trap_entry
        csrw    stvec, t0
        la      t0, has_boot_hart
        li      t1, 1
        amoswap.w.aqrl t1, t1, (t0)
        bnez    t1, secondary
        li      tp, 0
        la      sp, guest_boot_stack_top
        call    Riscv64Boot
        unimp

secondary:
        la      a0, Riscv64StartRecord
        ld      t0, 0(a0)               // satp
        csrw    satp, t0
        sfence.vma
        ld      sp, 8(a0)
        ld      tp, 16(a0)
        call    Riscv64SecondaryBoot
        unimp

        .section .data.has_boot_hart, "aw"
        .balign 4
has_boot_hart:
        .word   0

        // The boot stack is 64 KiB, as Alien's.
        .section .bss.boot_stack, "aw", @nobits
        .balign 16
        .globl  guest_boot_stack
        .globl  guest_boot_stack_top
guest_boot_stack:
        .skip   65536
guest_boot_stack_top:

        .section .note.GNU-stack, "", @progbits

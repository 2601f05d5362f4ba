// SPDX-License-Identifier: MIT
//
// Where QEMU enters the image (CPU 0), and PSCI the other CPUs: at EL1 with
// the MMU off. All memory is device memory then, where C++ must not run.

        .equ    kMair, 0xff04           // 0: device nGnRE, 1: write-back
        .equ    kTcr, 0x200803519       // 39 bits, 4 KiB, TTBR0 only
        .equ    kSctlrOn, 0x1005        // I, C, M
        .equ    kSctlrAlignment, 0x2    // A

        // Turns translation on with the table at x0. Spoils x1, x2.
        .macro  enable_mmu
        msr     ttbr0_el1, x0
        mov     x1, #kMair
        msr     mair_el1, x1
        ldr     x1, =kTcr
        msr     tcr_el1, x1
        tlbi    vmalle1
        dsb     sy
        isb
        mrs     x1, sctlr_el1
        mov     x2, #kSctlrOn
        orr     x1, x1, x2
        bic     x1, x1, #kSctlrAlignment
        msr     sctlr_el1, x1
        isb
        .endm

        .section .text.boot, "ax", @progbits
        .globl  _start
_start:
        msr     daifset, #15
        adrp    x0, boot_table
        enable_mmu
        adrp    x0, guest_trap_entry
        add     x0, x0, :lo12:guest_trap_entry
        msr     vbar_el1, x0
        msr     spsel, #1
        adrp    x0, guest_boot_stack_top
        add     sp, x0, :lo12:guest_boot_stack_top
        mov     x29, #0
        mov     x30, #0
        bl      Aarch64Boot
        udf     #0

        // x0 points to what StartCpu() (cpu.cc) left: table, stack top, entry.
        .globl  Aarch64SecondaryStart
Aarch64SecondaryStart:
        msr     daifset, #15
        mov     x19, x0
        ldr     x0, [x19]
        enable_mmu
        adrp    x0, guest_trap_entry
        add     x0, x0, :lo12:guest_trap_entry
        msr     vbar_el1, x0
        msr     spsel, #1
        ldr     x0, [x19, #8]
        mov     sp, x0
        mov     x29, #0
        mov     x30, #0
        mov     x0, x19
        bl      Aarch64SecondaryBoot
        udf     #0

        // The first map: device registers, and the first GiB of RAM, where
        // all may do all.
        .section .data.boot, "aw", @progbits
        .balign 4096
boot_table:
        .quad   0x0060000000000401      // block, accessed, never executed
        .quad   0x0000000040000705      // block, accessed, shareable, 1
        .fill   510, 8, 0

        .section .bss.boot_stack, "aw", @nobits
        .balign 16
        .skip   65536
guest_boot_stack_top:

        .section .note.GNU-stack, "", @progbits

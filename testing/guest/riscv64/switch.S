// SPDX-License-Identifier: MIT
//
// The switch between threads, and accesses that may fault.

        .equ    kSwitchFrame, 112

        .text
        // void Riscv64Switch(uintptr_t* from_sp, uintptr_t to_sp)
        // A thread that does not run has on its stack ra and s0..s11.
        .globl  Riscv64Switch
        .type   Riscv64Switch, @function
Riscv64Switch:
        addi    sp, sp, -kSwitchFrame
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
        sd      sp, 0(a0)
        mv      sp, a1
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
        addi    sp, sp, kSwitchFrame
        ret
        .size   Riscv64Switch, . - Riscv64Switch

        // A thread's first instructions: s0 is its entry, s1 its argument.
        .globl  Riscv64ThreadStart
        .type   Riscv64ThreadStart, @function
Riscv64ThreadStart:
        mv      a0, s1
        mv      t0, s0
        li      s0, 0
        jalr    t0
        unimp
        .size   Riscv64ThreadStart, . - Riscv64ThreadStart

        // Each of these returns 1, or 0 if its access faults at the label
        // that FaultFixup() (memory.cc) knows.
        // int Riscv64TryStore8(uintptr_t address, uint8_t value)
        .globl  Riscv64TryStore8
        .globl  Riscv64TryStore8At
        .type   Riscv64TryStore8, @function
Riscv64TryStore8:
Riscv64TryStore8At:
        sb      a1, 0(a0)
        li      a0, 1
        ret
        .size   Riscv64TryStore8, . - Riscv64TryStore8

        // int Riscv64TryLoad8(uintptr_t address, uint8_t* value)
        .globl  Riscv64TryLoad8
        .globl  Riscv64TryLoad8At
        .type   Riscv64TryLoad8, @function
Riscv64TryLoad8:
Riscv64TryLoad8At:
        lbu     a0, 0(a0)
        sb      a0, 0(a1)
        li      a0, 1
        ret
        .size   Riscv64TryLoad8, . - Riscv64TryLoad8

        .globl  Riscv64TryFailed
Riscv64TryFailed:
        li      a0, 0
        ret

        // int Riscv64TryCall(uintptr_t code): the fetch at `code` may fault,
        // with pc there and ra after the call.
        .globl  Riscv64TryCall
        .type   Riscv64TryCall, @function
        .globl  Riscv64TryCallFailed
Riscv64TryCall:
        addi    sp, sp, -16
        sd      ra, 0(sp)
        jalr    a0
        li      a0, 1
        j       1f
Riscv64TryCallFailed:
        li      a0, 0
1:      ld      ra, 0(sp)
        addi    sp, sp, 16
        ret
        .size   Riscv64TryCall, . - Riscv64TryCall

        .section .note.GNU-stack, "", @progbits

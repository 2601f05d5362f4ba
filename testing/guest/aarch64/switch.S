// SPDX-License-Identifier: MIT
//
// The switch between threads, and accesses that may fault.

        .equ    kSwitchFrame, 96

        .text
        // void Aarch64Switch(uintptr_t* from_sp, uintptr_t to_sp)
        // A thread that does not run has on its stack x19..x30.
        .globl  Aarch64Switch
        .type   Aarch64Switch, @function
Aarch64Switch:
        sub     sp, sp, #kSwitchFrame
        stp     x19, x20, [sp, #0]
        stp     x21, x22, [sp, #16]
        stp     x23, x24, [sp, #32]
        stp     x25, x26, [sp, #48]
        stp     x27, x28, [sp, #64]
        stp     x29, x30, [sp, #80]
        mov     x2, sp
        str     x2, [x0]
        mov     sp, x1
        ldp     x19, x20, [sp, #0]
        ldp     x21, x22, [sp, #16]
        ldp     x23, x24, [sp, #32]
        ldp     x25, x26, [sp, #48]
        ldp     x27, x28, [sp, #64]
        ldp     x29, x30, [sp, #80]
        add     sp, sp, #kSwitchFrame
        ret
        .size   Aarch64Switch, . - Aarch64Switch

        // A thread's first instructions: x19 is its entry, x20 its argument.
        .globl  Aarch64ThreadStart
        .type   Aarch64ThreadStart, @function
Aarch64ThreadStart:
        mov     x0, x20
        mov     x29, #0
        blr     x19
        udf     #0
        .size   Aarch64ThreadStart, . - Aarch64ThreadStart

        // Each of these returns 1, or 0 if its access faults at the label
        // that FaultFixup() (memory.cc) knows.
        // int Aarch64TryStore8(uintptr_t address, uint8_t value)
        .globl  Aarch64TryStore8
        .globl  Aarch64TryStore8At
        .type   Aarch64TryStore8, @function
Aarch64TryStore8:
Aarch64TryStore8At:
        strb    w1, [x0]
        mov     w0, #1
        ret
        .size   Aarch64TryStore8, . - Aarch64TryStore8

        // int Aarch64TryLoad8(uintptr_t address, uint8_t* value)
        .globl  Aarch64TryLoad8
        .globl  Aarch64TryLoad8At
        .type   Aarch64TryLoad8, @function
Aarch64TryLoad8:
Aarch64TryLoad8At:
        ldrb    w0, [x0]
        strb    w0, [x1]
        mov     w0, #1
        ret
        .size   Aarch64TryLoad8, . - Aarch64TryLoad8

        .globl  Aarch64TryFailed
Aarch64TryFailed:
        mov     w0, #0
        ret

        // int Aarch64TryCall(uintptr_t code): the fetch at `code` may fault,
        // with pc there and x30 after the call.
        .globl  Aarch64TryCall
        .type   Aarch64TryCall, @function
        .globl  Aarch64TryCallFailed
Aarch64TryCall:
        str     x30, [sp, #-16]!
        blr     x0
        mov     w0, #1
        b       1f
Aarch64TryCallFailed:
        mov     w0, #0
1:      ldr     x30, [sp], #16
        ret
        .size   Aarch64TryCall, . - Aarch64TryCall

        .section .note.GNU-stack, "", @progbits

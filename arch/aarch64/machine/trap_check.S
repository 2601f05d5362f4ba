// SPDX-License-Identifier: MIT
//
// See core/machine/trap_check.h.

        // Of the structs there.
        .equ    kSp, 248
        .equ    kFlags, 264
        .equ    kStack, 288
        .equ    kStackCount, 928
        .equ    kCameTo, 936
        .equ    kStackWords, 16
        .equ    kMaxStackWords, 80

        .macro  global name
        .globl  \name
        .hidden \name
        .endm

        // x2 to x30 but x18, which is a kernel's.
        .macro  from_x2 pair, one, at
        \pair   x2, x3, [\at, #16]
        \pair   x4, x5, [\at, #32]
        \pair   x6, x7, [\at, #48]
        \pair   x8, x9, [\at, #64]
        \pair   x10, x11, [\at, #80]
        \pair   x12, x13, [\at, #96]
        \pair   x14, x15, [\at, #112]
        \pair   x16, x17, [\at, #128]
        \one    x19, [\at, #152]
        \pair   x20, x21, [\at, #160]
        \pair   x22, x23, [\at, #176]
        \pair   x24, x25, [\at, #192]
        \pair   x26, x27, [\at, #208]
        \pair   x28, x29, [\at, #224]
        \one    x30, [\at, #240]
        .endm

        // The address of ebpf_trap_check_state: after, the saved sp.
        .macro  state register
        adrp    \register, ebpf_trap_check_state
        add     \register, \register, :lo12:ebpf_trap_check_state
        .endm

        .text
        .balign 4
        global  ebpf_trap_check
        .type   ebpf_trap_check, %function
ebpf_trap_check:                        // x0: before, x1: after
        stp     x29, x30, [sp, #-96]!
        stp     x27, x28, [sp, #16]
        stp     x25, x26, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x21, x22, [sp, #64]
        stp     x19, x20, [sp, #80]
        state   x9
        mov     x10, sp
        stp     x1, x10, [x9]
        sub     sp, sp, #(8 * kStackWords)
        add     x11, x0, #kStack
        mov     x12, #0
1:      ldr     x13, [x11, x12, lsl #3]
        str     x13, [sp, x12, lsl #3]
        add     x12, x12, #1
        cmp     x12, #kStackWords
        b.ne    1b
        mov     x12, sp
        str     x12, [x0, #kSp]
        str     x18, [x0, #144]
        ldr     x9, [x0, #kFlags]
        msr     nzcv, x9
        from_x2 ldp, ldr, x0
        ldp     x0, x1, [x0]
        global  ebpf_trap_check_place
ebpf_trap_check_place:
        b       9f
        global  ebpf_trap_check_next
ebpf_trap_check_next:
9:
        stp     x0, x1, [sp, #-16]!
        mov     x0, #1
        b       2f
        global  ebpf_trap_check_elsewhere
ebpf_trap_check_elsewhere:
        stp     x0, x1, [sp, #-16]!
        mov     x0, #2
2:      state   x1
        ldr     x1, [x1]
        str     x0, [x1, #kCameTo]
        from_x2 stp, str, x1
        str     x18, [x1, #144]
        mrs     x2, nzcv
        str     x2, [x1, #kFlags]
        ldp     x2, x3, [sp], #16
        stp     x2, x3, [x1]
        mov     x2, sp
        str     x2, [x1, #kSp]
        state   x3
        ldr     x3, [x3, #8]
        add     x4, x1, #kStack
        mov     x5, #0
3:      cmp     x2, x3
        b.hs    4f
        cmp     x5, #kMaxStackWords
        b.eq    4f
        ldr     x6, [x2], #8
        str     x6, [x4, x5, lsl #3]
        add     x5, x5, #1
        b       3b
4:      str     x5, [x1, #kStackCount]
        mov     sp, x3
        ldp     x19, x20, [sp, #80]
        ldp     x21, x22, [sp, #64]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #32]
        ldp     x27, x28, [sp, #16]
        ldp     x29, x30, [sp], #96
        ret
        .size   ebpf_trap_check, . - ebpf_trap_check

        .bss
        .balign 16
        global  ebpf_trap_check_state
ebpf_trap_check_state:
        .skip   32

        .section .note.GNU-stack, "", %progbits

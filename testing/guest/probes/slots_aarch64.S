// SPDX-License-Identifier: MIT
//
// The functions of preempted_guest_test.cc on AArch64.
        .text
        .balign 4
        .globl SlotMultiply, SlotBarrier, SlotXor, SlotOr, SlotOther
        .type SlotOther, @function
        .type SlotMultiply, @function
        .type SlotBarrier, @function
        .type SlotXor, @function
        .type SlotOr, @function
SlotMultiply:
        mul x0, x0, x1
        ret
        .size SlotMultiply, . - SlotMultiply
SlotBarrier:
        dmb ish
        mul x0, x0, x1
        ret
        .size SlotBarrier, . - SlotBarrier
SlotOther:
        dmb ish
        eor x0, x0, x1
        ret
        .size SlotOther, . - SlotOther
SlotXor:
        eor x0, x0, x1
        ret
        .size SlotXor, . - SlotXor
SlotOr:
        orr x0, x0, x1
        ret
        .size SlotOr, . - SlotOr
        .section .rodata
        .balign 4
        .globl SlotUnmask
SlotUnmask:
        msr daif, x0
        .section .note.GNU-stack, "", %progbits

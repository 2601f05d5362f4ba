// SPDX-License-Identifier: MIT
//
// The copy whose loads may fault: nofault.cc sends such a fault to its end.

        .section .ebpf.noprobe, "ax", @progbits
        .balign 4
        // int EbpfAlienCopy(void* to, uintptr_t from, size_t size): 1, or 0 if
        // a load faulted. Loads are aligned: none crosses a page, and none
        // traps for being misaligned.
        .globl  EbpfAlienCopy
        .hidden EbpfAlienCopy
        .type   EbpfAlienCopy, @function
EbpfAlienCopy:
        or      t0, a0, a1
        andi    t0, t0, 7
        bnez    t0, 2f
        li      t1, 8
1:      bltu    a2, t1, 2f
        ld      t0, 0(a1)
        sd      t0, 0(a0)
        addi    a0, a0, 8
        addi    a1, a1, 8
        addi    a2, a2, -8
        j       1b
2:      beqz    a2, 3f
        lbu     t0, 0(a1)
        sb      t0, 0(a0)
        addi    a0, a0, 1
        addi    a1, a1, 1
        addi    a2, a2, -1
        j       2b
3:      li      a0, 1
        ret
        .globl  EbpfAlienCopyFault
        .hidden EbpfAlienCopyFault
EbpfAlienCopyFault:
        li      a0, 0
        ret
        .size   EbpfAlienCopy, . - EbpfAlienCopy

        .section .note.GNU-stack, "", @progbits

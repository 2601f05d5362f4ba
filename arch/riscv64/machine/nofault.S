// SPDX-License-Identifier: MIT
//
// ebpf_copy_nofault(to, from, size): see nofault.h. Words where both sides are
// aligned (such a load crosses no page, so it faults as its first byte would),
// else bytes.
        // Not probed: a step out of line would fault at an address that
        // NofaultFixup does not know.
        .section ebpf_noprobe, "ax", %progbits
        .globl ebpf_copy_nofault
        .hidden ebpf_copy_nofault
        .type ebpf_copy_nofault, %function
        .globl ebpf_copy_nofault_load8
        .hidden ebpf_copy_nofault_load8
        .globl ebpf_copy_nofault_load1
        .hidden ebpf_copy_nofault_load1
        .globl ebpf_copy_nofault_store8
        .hidden ebpf_copy_nofault_store8
        .globl ebpf_copy_nofault_store1
        .hidden ebpf_copy_nofault_store1
        .globl ebpf_copy_nofault_fault
        .hidden ebpf_copy_nofault_fault
        .option norelax
        .balign 4
ebpf_copy_nofault:
        or a3, a0, a1
        andi a3, a3, 7
        bnez a3, 3f
        li a4, 8
1:      bltu a2, a4, 3f
ebpf_copy_nofault_load8:
        ld a3, 0(a1)
ebpf_copy_nofault_store8:
        sd a3, 0(a0)
        addi a1, a1, 8
        addi a0, a0, 8
        addi a2, a2, -8
        j 1b
2:
ebpf_copy_nofault_load1:
        lbu a3, 0(a1)
ebpf_copy_nofault_store1:
        sb a3, 0(a0)
        addi a1, a1, 1
        addi a0, a0, 1
        addi a2, a2, -1
3:      bnez a2, 2b
        li a0, 1
        ret
ebpf_copy_nofault_fault:
        li a0, 0
        ret
        .size ebpf_copy_nofault, . - ebpf_copy_nofault
        .section .note.GNU-stack, "", %progbits

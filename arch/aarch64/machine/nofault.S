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
        .balign 4
ebpf_copy_nofault:
        orr x3, x0, x1
        tst x3, #7
        b.ne 3f
1:      cmp x2, #8
        b.lo 3f
ebpf_copy_nofault_load8:
        ldr x3, [x1]
ebpf_copy_nofault_store8:
        str x3, [x0]
        add x1, x1, #8
        add x0, x0, #8
        sub x2, x2, #8
        b 1b
2:
ebpf_copy_nofault_load1:
        ldrb w3, [x1]
ebpf_copy_nofault_store1:
        strb w3, [x0]
        add x1, x1, #1
        add x0, x0, #1
        sub x2, x2, #1
3:      cbnz x2, 2b
        mov w0, #1
        ret
ebpf_copy_nofault_fault:
        mov w0, #0
        ret
        .size ebpf_copy_nofault, . - ebpf_copy_nofault
        .section .note.GNU-stack, "", %progbits

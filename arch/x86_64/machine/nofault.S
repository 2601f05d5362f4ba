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
        .globl ebpf_copy_nofault_begin
        .hidden ebpf_copy_nofault_begin
        .globl ebpf_copy_nofault_end
        .hidden ebpf_copy_nofault_end
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
        .balign 16
ebpf_copy_nofault_begin:
ebpf_copy_nofault:
        mov %edi, %eax
        or %esi, %eax
        test $7, %al
        jnz 3f
1:      cmp $8, %rdx
        jb 3f
ebpf_copy_nofault_load8:
        mov (%rsi), %rax
ebpf_copy_nofault_store8:
        mov %rax, (%rdi)
        add $8, %rsi
        add $8, %rdi
        sub $8, %rdx
        jmp 1b
2:
ebpf_copy_nofault_load1:
        movzbl (%rsi), %eax
ebpf_copy_nofault_store1:
        mov %al, (%rdi)
        inc %rsi
        inc %rdi
        dec %rdx
3:      test %rdx, %rdx
        jnz 2b
        mov $1, %eax
        ret
ebpf_copy_nofault_fault:
        xor %eax, %eax
        ret
ebpf_copy_nofault_end:
        .size ebpf_copy_nofault, . - ebpf_copy_nofault
        .section .note.GNU-stack, "", %progbits

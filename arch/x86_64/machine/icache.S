// SPDX-License-Identifier: MIT
//
// The step of icache.h, a function of its own: what a test counts, it wraps
// when it links. Not probed: CPUs run it as they leave a rendezvous in which
// text has changed.
        .section ebpf_noprobe, "ax", %progbits
        .globl ebpf_sync_insn_stream
        .hidden ebpf_sync_insn_stream
        .type ebpf_sync_insn_stream, %function
        .balign 16
ebpf_sync_insn_stream:
        push %rbx
        xor %eax, %eax
        xor %ecx, %ecx
        cpuid
        pop %rbx
        ret
        .size ebpf_sync_insn_stream, . - ebpf_sync_insn_stream
        .section .note.GNU-stack, "", %progbits

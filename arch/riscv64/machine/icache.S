// SPDX-License-Identifier: MIT
//
// The step of icache.h, a function of its own: what a test counts, it wraps
// when it links. Not probed: harts run it as they leave a rendezvous in which
// text has changed.
        .section ebpf_noprobe, "ax", %progbits
        .globl ebpf_sync_insn_stream
        .hidden ebpf_sync_insn_stream
        .type ebpf_sync_insn_stream, %function
        .option norelax
        .balign 4
ebpf_sync_insn_stream:
        fence.i
        ret
        .size ebpf_sync_insn_stream, . - ebpf_sync_insn_stream
        .section .note.GNU-stack, "", %progbits
